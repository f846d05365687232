/* A cache in a folder of its own, for the tests of its parts. */
#ifndef BOOTD_TESTS_CONTENT_CACHE_FOLDER_H
#define BOOTD_TESTS_CONTENT_CACHE_FOLDER_H

#include "base/cleanup.h"
#include "base/text.h"
#include "content/cache.h"
#include "content/cache_files.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SITE    "http://mirror.example/"
#define MEBI    (UINT64_C(1) << 20)
#define ROOMY   (64 * MEBI)
#define CHECKED 1700000000

static char folder[64];
static int folder_fd = -1;

static inline int remove_path(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int make_folder(void **state)
{
	(void)state;
	(void)text_copy(folder, sizeof(folder), "/tmp/bootd-cache-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	close_fd(&folder_fd);
	return nftw(folder, remove_path, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct cache *open_cache(uint64_t size_max_bytes)
{
	struct cache_settings settings = { .directory = folder,
					   .size_max_bytes = size_max_bytes,
					   .memory_max_bytes = MEBI };
	struct cache *cache = NULL;

	assert_int_equal(cache_open(&settings, &cache), 0);
	return cache;
}

/* The byte of a file at an offset: each URL's file is another one. */
static inline uint8_t byte_of(const char *url, uint64_t offset)
{
	return (uint8_t)((offset * 31 + (offset >> 8) * 17) ^ cache_header_key(url));
}

static inline int append_some(struct cache_draft *draft, const char *url, uint64_t size)
{
	uint8_t bytes[10000];
	int error = 0;

	while (size > 0 && error == 0) {
		size_t count = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);
		uint64_t offset = cache_draft_size(draft);

		for (size_t i = 0; i < count; i++)
			bytes[i] = byte_of(url, offset + i);
		error = cache_draft_append(draft, (struct span){ bytes, count });
		size -= count;
	}
	return error;
}

static inline struct cache_draft *begin(struct cache *cache, const char *url, bool has_size,
					uint64_t size)
{
	struct cache_draft *draft = NULL;

	assert_int_equal(cache_draft_new(cache, url, has_size, size, &draft), 0);
	return draft;
}

static inline struct cache_object *finish(struct cache_draft *draft, const char *etag)
{
	struct cache_facts facts = { .checked_s = CHECKED };
	struct cache_object *object;

	(void)text_copy(facts.etag, sizeof(facts.etag), etag);
	object = cache_draft_finish(draft, &facts);
	cache_draft_close(draft);
	return object;
}

/* Fetches a file; the caller holds the object. */
static inline struct cache_object *add_held(struct cache *cache, const char *url, uint64_t size)
{
	struct cache_draft *draft = begin(cache, url, true, size);
	struct cache_object *object;

	assert_int_equal(append_some(draft, url, size), 0);
	object = finish(draft, "\"e\"");
	assert_non_null(object);
	return object;
}

static inline void add(struct cache *cache, const char *url, uint64_t size)
{
	struct cache_object *object = add_held(cache, url, size);

	assert_null(cache_object_unkept_reason(object));
	cache_object_release(object);
}

static inline void assert_bytes(struct cache_object *object, const char *url, uint64_t size)
{
	uint64_t at;
	int fd = cache_object_descriptor(object, &at);
	uint8_t bytes[10000];

	assert_int_equal(cache_object_size(object), size);
	for (uint64_t offset = 0; offset < size;) {
		uint64_t left = size - offset;
		size_t count = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);

		assert_int_equal(pread(fd, bytes, count, (off_t)(at + offset)), count);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(bytes[i], byte_of(url, offset + i));
		offset += count;
	}
}

/* Whether the URL has an object, which is right then. */
static inline bool has(struct cache *cache, const char *url, uint64_t size)
{
	struct cache_object *object = cache_find(cache, url);

	if (object == NULL)
		return false;
	assert_bytes(object, url, size);
	cache_object_release(object);
	return true;
}

static inline const char *object_name(const char *url)
{
	static char name[CACHE_NAME_SIZE];

	cache_name_format(cache_header_key(url), name);
	return name;
}

static inline bool is_there(const char *name)
{
	return faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void count_name(void *context, const char *name)
{
	size_t *count = context;

	*count += strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static inline size_t name_count(void)
{
	size_t count = 0;

	assert_int_equal(cache_files_visit(folder_fd, count_name, &count), 0);
	return count;
}

#endif
