/*
 * Small disk images, made when a test starts: see tests/small_images.py.
 *
 * They are open files whose names are gone, so nothing of them is left behind
 * however a test ends.  Whoever wants to damage one maps a private copy, of
 * which only the pages that are written to cost memory.
 */
#ifndef TESTS_SMALL_IMAGES_H
#define TESTS_SMALL_IMAGES_H

#include <stdint.h>

#define SMALL_IMAGES_MAX 16
#define SMALL_IMAGE_NAME 64

struct small_image {
	char name[SMALL_IMAGE_NAME];
	uint64_t size; /* bytes */
	int fd;
};

/* Sorted by name, those that NetBSD made last. */
struct small_images {
	unsigned count;
	unsigned made_count; /* of them, those that are there wherever tests run */
	struct small_image images[SMALL_IMAGES_MAX];
};

/* Make all of them; fails the test if that cannot be done. */
void small_images_create(struct small_images *images);
void small_images_destroy(struct small_images *images);

/* A private copy of an image in memory. */
uint8_t *small_image_map(const struct small_images *images, unsigned index);
void small_image_unmap(const struct small_images *images, unsigned index, uint8_t *bytes);

#endif
