/* The block device for tests: see fake_block.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "tests/fake_block.h"

static void
transfer(struct fake_block *fake, const struct host_block_request *request)
{
	uint8_t *place = fake->content + request->offset;

	for (unsigned i = 0; i < request->segment_count; i++) {
		const struct segment *segment = &request->segments[i];

		if (segment->length == 0)
			continue; /* memcpy() wants a pointer even then */
		if (request->op == HOST_BLOCK_READ)
			memcpy(segment->data, place, segment->length);
		else
			memcpy(place, segment->data, segment->length);
		place += segment->length;
	}
}

static void
complete(struct fake_block *fake, struct host_block_request *request)
{
	int error = 0;

	if (request->offset < fake->bad_offset + fake->bad_length &&
	    fake->bad_offset < request->offset + request->length)
		error = fake->bad_error;
	if (request->op == HOST_BLOCK_WRITE && fake->write_limit > 0 &&
	    fake->write_count > fake->write_limit)
		error = -EIO;
	if (request->op == HOST_BLOCK_READ && fake->bad_read > 0 &&
	    fake->read_count == fake->bad_read)
		error = -EIO;
	if (error == 0 && fake->on_request != NULL)
		fake->on_request(fake, request);
	if (error == 0 && (request->op == HOST_BLOCK_READ || request->op == HOST_BLOCK_WRITE))
		transfer(fake, request);
	if (error == 0 && request->op == HOST_BLOCK_ZERO)
		memset(fake->content + request->offset, 0, request->length);
	if (request->op == HOST_BLOCK_FLUSH && error == 0 && fake->durable != NULL)
		memcpy(fake->durable, fake->content, fake->dev.size);
	request->done(request, error);
}

static void
fake_submit(struct block_dev *dev, struct host_block_request *request)
{
	struct fake_block *fake = container_of(dev, struct fake_block, dev);
	bool is_held;

	pthread_mutex_lock(&fake->lock);
	fake->request_count++;
	fake->write_count += request->op == HOST_BLOCK_WRITE;
	fake->read_count += request->op == HOST_BLOCK_READ;
	is_held = fake->is_holding;
	if (is_held) {
		assert_true(fake->held_count < FAKE_BLOCK_HELD_MAX);
		fake->held[fake->held_count++] = request;
		pthread_cond_broadcast(&fake->came);
	}
	pthread_mutex_unlock(&fake->lock);
	if (!is_held)
		complete(fake, request);
}

static void
fake_destroy(struct block_dev *dev)
{
	struct fake_block *fake = container_of(dev, struct fake_block, dev);

	assert_false(fake->is_destroyed);
	fake->is_destroyed = true;
}

static const struct block_ops fake_ops = {
	.submit = fake_submit,
	.destroy = fake_destroy,
};

void
fake_block_create(struct fake_block *fake, struct kernel *kernel, uint64_t size)
{
	*fake = (struct fake_block){
		.dev = {
			.ops = &fake_ops,
			.kernel = kernel,
			.size = size,
			.sector_size = BLOCK_SECTOR_SIZE,
		},
		.content = calloc(size > 0 ? size : 1, 1),
	};
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->came, NULL);
}

void
fake_block_number_sectors(struct fake_block *fake)
{
	for (uint64_t i = 0; i < fake->dev.size; i++)
		fake->content[i] = (uint8_t)(i / BLOCK_SECTOR_SIZE >> i % 4 * 8);
}

void
fake_block_destroy(struct fake_block *fake)
{
	assert_int_equal(fake->held_count, 0);
	pthread_cond_destroy(&fake->came);
	pthread_mutex_destroy(&fake->lock);
	free(fake->content);
}

void
fake_block_hold(struct fake_block *fake)
{
	pthread_mutex_lock(&fake->lock);
	fake->is_holding = true;
	pthread_mutex_unlock(&fake->lock);
}

void
fake_block_let_go(struct fake_block *fake)
{
	struct host_block_request *held[FAKE_BLOCK_HELD_MAX];
	size_t count;

	pthread_mutex_lock(&fake->lock);
	fake->is_holding = false;
	count = fake->held_count;
	memcpy(held, fake->held, count * sizeof(held[0]));
	fake->held_count = 0;
	pthread_mutex_unlock(&fake->lock);
	for (size_t i = 0; i < count; i++)
		complete(fake, held[i]);
}

void
fake_block_await(struct fake_block *fake, size_t count)
{
	pthread_mutex_lock(&fake->lock);
	while (fake->held_count < count)
		pthread_cond_wait(&fake->came, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
}

static const struct component *const components[] = { &block_component };

struct fake_disk *
fake_disk_create(uint64_t size)
{
	struct fake_disk *disk = calloc(1, sizeof(*disk));
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &disk->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.console_level = LOG_DEBUG,
	};

	fake_host_create(&disk->host, true);
	assert_int_equal(kernel_create(&config, &disk->kernel), 0);
	fake_block_create(&disk->fake, disk->kernel, size);
	fake_block_number_sectors(&disk->fake);
	disk->dev = &disk->fake.dev;
	assert_int_equal(block_register(disk->kernel, disk->dev, "image"), 0);
	return disk;
}

void
fake_disk_destroy(struct fake_disk *disk)
{
	kernel_destroy(disk->kernel);
	fake_block_destroy(&disk->fake);
	fake_host_destroy(&disk->host);
	free(disk);
}
