/*
 * Telling the sanitizers what they cannot know.
 *
 * An allocator that takes memory in bulk poisons what is free and unpoisons
 * what it hands out, so that a sanitised build stops at the first access to
 * memory nobody owns.  In other builds both are nothing.
 */
#ifndef BASE_SANITIZE_H
#define BASE_SANITIZE_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS
#endif

/* Before a function that races on purpose, and says why. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZE_THREAD
#define SANITIZE_NO_THREAD __attribute__((no_sanitize("thread"), noinline))
#endif
#endif
#ifndef SANITIZE_NO_THREAD
#define SANITIZE_NO_THREAD
#endif

#ifdef SANITIZE_ADDRESS

void __asan_poison_memory_region(const volatile void *memory, size_t size);
void __asan_unpoison_memory_region(const volatile void *memory, size_t size);

#define sanitize_poison(memory, size)	__asan_poison_memory_region(memory, size)
#define sanitize_unpoison(memory, size) __asan_unpoison_memory_region(memory, size)

#else

#define sanitize_poison(memory, size)	((void)(memory), (void)(size))
#define sanitize_unpoison(memory, size) ((void)(memory), (void)(size))

#endif

#endif
