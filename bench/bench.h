/*
 * What the benchmarks share: clocks, medians, and the table they print.
 *
 * Machines drift, so two things that are compared run in turn, A B A B, within
 * one run, and the medians are set against each other.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t bench_clock(void);

/* The median; sorts values. */
double bench_median(double *values, size_t count);

/* A line "Name:  value kB" of /proc/self/status; 0 if there is none. */
unsigned long bench_status(const char *name);

/* How many entries a directory of /proc/self has: open descriptors, threads. */
size_t bench_count(const char *path);

/* Print the head of a table, then rows of it; text in bound may be "". */
void bench_table(const char *title);
void bench_row(const char *what, double value, const char *unit, const char *bound);

/*
 * Measure ours and theirs in turn, runs times each, and print both medians and
 * their ratio.  The functions return the cost of one run, in unit.
 */
struct bench_pair {
	const char *what;
	const char *unit;
	const char *bound; /* of the ratio ours/theirs, for the reader */
	double (*ours)(void *context);
	double (*theirs)(void *context);
	void *context;
	size_t runs; /* at most 101 */
};

void bench_compare(const struct bench_pair *pair);

/* Run the program words, which end with NULL, without output; milliseconds it took. */
double bench_run(const char *const *words);

#endif
