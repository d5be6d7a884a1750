#!/usr/bin/env python3
"""Commands of rump that read all of an image, on damaged images: an answer or an error each time."""

import random

import command
from command import rump, scratch, test

IMAGES = 12
COMMANDS = (
    ("find", "IMAGE", "-ls"),
    ("grep", "-r", "linked", "IMAGE"),
    ("du", "-a", "IMAGE"),
    ("df", "IMAGE"),
    ("diff", "--no-times", "IMAGE", "GOOD"),
    ("tar", "IMAGE"),
    ("verify", "-w", "IMAGE"),
    ("tree", "--json", "IMAGE"),
    ("ls", "-lR", "--json", "IMAGE"),
    ("info", "--json", "IMAGE"),
    ("complete", "cat", "IMAGE:/links/"),
)


def damaged(image, number):
    """The bytes of image with some of them changed, most where metadata are."""
    chance = random.Random(number)
    data = bytearray(image.read_bytes())
    for _ in range(chance.choice((1, 4, 30, 300))):
        data[chance.randrange(len(data) // chance.choice((1, 8, 8)))] = chance.randrange(256)
    return data[: chance.randrange(len(data))] if number % 6 == 5 else data


@test
def damaged_images_give_answers_or_errors(images, tree):
    with scratch() as place:
        path = place / "damaged"
        for number in range(IMAGES):
            path.write_bytes(damaged(images[number % 2], number))
            for words in COMMANDS:
                there = [word.replace("IMAGE", str(path)).replace("GOOD", str(images[0]))
                         for word in words]
                answer = rump("-o", "partial", *there)
                assert answer.status in (0, 1, 2), (number, words, answer.status, answer.errors)
                lines = answer.errors.splitlines()
                assert all(line.startswith("rump") for line in lines), (number, words, lines[-5:])


command.run()
