/* Disks of simulations: see <rump/sim.h>.  They are the host's, by other names. */
#include <errno.h>

#include "run/sim/sim_impl.h"

_Static_assert(RUMP_SIM_READ == 1 << HOST_BLOCK_READ && RUMP_SIM_WRITE == 1 << HOST_BLOCK_WRITE &&
		   RUMP_SIM_FLUSH == 1 << HOST_BLOCK_FLUSH &&
		   RUMP_SIM_DISCARD == 1 << HOST_BLOCK_DISCARD &&
		   RUMP_SIM_ZERO == 1 << HOST_BLOCK_ZERO,
    "bits of requests");

#define RUMP_SIM_OPS 0x1f

static struct sim_disk *
host_disk(struct rump_sim_disk *disk)
{
	return (struct sim_disk *)(void *)disk;
}

static const struct sim_disk *
host_disk_const(const struct rump_sim_disk *disk)
{
	return (const struct sim_disk *)(const void *)disk;
}

static int
give(int error, struct sim_disk *disk, struct rump_sim_disk **out)
{
	*out = (struct rump_sim_disk *)(void *)disk;
	return -error;
}

int
rump_sim_disk_create(struct rump_sim *sim, const char *name, uint64_t size, uint32_t sector_size,
    struct rump_sim_disk **out)
{
	struct sim_disk *disk;
	int error = sim_disk_create(sim_of(sim), name, size, sector_size, &disk);

	return give(error, disk, out);
}

void
rump_sim_disk_destroy(struct rump_sim_disk *disk)
{
	sim_disk_destroy(host_disk(disk));
}

int
rump_sim_disk_read(const struct rump_sim_disk *disk, uint64_t offset, void *data, size_t size)
{
	return -sim_disk_read(host_disk_const(disk), offset, data, size);
}

int
rump_sim_disk_write(struct rump_sim_disk *disk, uint64_t offset, const void *data, size_t size)
{
	return -sim_disk_write(host_disk(disk), offset, data, size);
}

int
rump_sim_disk_copy(const struct rump_sim_disk *disk, const char *name, struct rump_sim_disk **out)
{
	struct sim_disk *copy;
	int error = sim_disk_copy(host_disk_const(disk), name, &copy);

	return give(error, copy, out);
}

int
rump_sim_disk_log(struct rump_sim_disk *disk)
{
	return -sim_disk_log(host_disk(disk));
}

size_t
rump_sim_disk_position(const struct rump_sim_disk *disk)
{
	return sim_disk_log_count(host_disk_const(disk));
}

int
rump_sim_disk_crash(struct rump_sim_disk *disk, size_t position, uint64_t seed, const char *name,
    struct rump_sim_disk **out)
{
	struct sim_disk *found;
	int error = sim_disk_crash(host_disk(disk), position, seed, name, &found);

	return give(error, found, out);
}

void
rump_sim_disk_cut(struct rump_sim_disk *disk, uint64_t count)
{
	sim_disk_cut(host_disk(disk), count);
}

void
rump_sim_power_on(struct rump_sim *sim)
{
	sim_power_on(sim_of(sim));
}

int
rump_sim_disk_fault(struct rump_sim_disk *disk, const struct rump_sim_fault *fault)
{
	struct sim_disk_fault host_fault = {
		.ops = fault->ops,
		.after = fault->after,
		.count = fault->count,
		.offset = fault->offset,
		.length = fault->length,
		.error = -fault->error,
		.delay_ns = fault->delay_ns,
	};

	if (fault->ops == 0 || (fault->ops & ~RUMP_SIM_OPS) != 0 || fault->error < 0)
		return EINVAL;
	return -sim_disk_fault(host_disk(disk), &host_fault);
}

uint64_t
rump_sim_disk_repeats(const struct rump_sim_disk *disk)
{
	return sim_disk_repeats(host_disk_const(disk));
}

uint64_t
rump_sim_disk_heal(struct rump_sim_disk *disk)
{
	return sim_disk_heal(host_disk(disk));
}

void
rump_sim_disk_limit(struct rump_sim_disk *disk, uint64_t bytes)
{
	sim_disk_limit(host_disk(disk), bytes);
}

void
rump_sim_disk_lie(struct rump_sim_disk *disk, bool lies)
{
	sim_disk_lie(host_disk(disk), lies);
}
