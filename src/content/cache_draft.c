/* A file that is being written. Its descriptor's number stays the same all its life; where the disk
 * has no more room, a file in memory with the same bytes takes that number (dup3), so a reader in
 * another thread reads the one or the other, and never nothing. */
#include "base/cleanup.h"
#include "base/text.h"
#include "content/cache_files.h"
#include "content/cache_parts.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define COPY_SIZE 16384
/* A draft of unknown size is promised so much at a time. */
#define PROMISE_BYTES UINT64_C(4194304)

struct cache_draft {
	struct cache *cache;
	char url[CACHE_URL_SIZE];
	int fd;
	char name[CACHE_NAME_SIZE]; /* "": not in the folder */
	bool is_in_memory;
	bool has_size;
	uint64_t told_bytes; /* where has_size */
	_Atomic uint64_t size_bytes;
	_Atomic(const char *) unkept_reason;
	uint64_t promised_bytes; /* of the cache's drafts_bytes and memory_bytes */
	uint64_t memory_bytes;
	int error; /* sticks */
};

static const char no_folder[] = "no folder is set for the cache";
static const char too_large[] = "it is larger than the cache";
static const char in_use[] = "the files in use fill the cache";
static const char bad_header[] = "the upstream's header has control characters";

/* Out of the folder. The file goes on until it is closed. */
static void unname(struct cache_draft *draft, const char *reason)
{
	struct cache *cache = draft->cache;
	uint64_t none = 0;

	if (draft->name[0] != '\0') {
		cache_names_begin(cache);
		(void)unlinkat(cache->folder_fd, draft->name, 0);
		cache_names_end(cache);
	}
	draft->name[0] = '\0';
	cache_give_back(cache, &draft->promised_bytes, &none);
	atomic_store(&draft->unkept_reason, reason);
}

static int open_memory(void)
{
	int fd = memfd_create("bootd-cache", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("bootd-cache", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int copy(const struct cache_draft *draft, int to_fd)
{
	uint64_t end = CACHE_HEADER_SIZE + atomic_load(&draft->size_bytes);
	uint8_t buffer[COPY_SIZE];
	int error = 0;

	for (uint64_t at = CACHE_HEADER_SIZE; at < end && error == 0;) {
		size_t length = end - at < COPY_SIZE ? (size_t)(end - at) : COPY_SIZE;

		error = file_read(draft->fd, at, buffer, length);
		if (error == 0)
			error = cache_file_write(to_fd, at, (struct span){ buffer, length });
		at += length;
	}
	return error;
}

/* What the draft needs beyond what it has been given. */
static uint64_t missing_memory(const struct cache_draft *draft, size_t more)
{
	uint64_t needed = atomic_load(&draft->size_bytes) + more;

	if (draft->has_size && draft->told_bytes > needed)
		needed = draft->told_bytes;
	return needed > draft->memory_bytes ? needed - draft->memory_bytes : 0;
}

/* Makes the draft's a file in memory, or goes on in a new one, with room for more bytes. */
static int move_to_memory(struct cache_draft *draft, size_t more, const char *reason)
{
	CLEANUP(close_fd) int fd = -1;
	uint64_t none = 0;
	int error;

	if (!cache_take_memory(draft->cache, missing_memory(draft, more), &draft->memory_bytes))
		return -ENOSPC;
	fd = open_memory();
	error = fd < 0 ? fd : 0;
	if (error == 0 && draft->fd >= 0)
		error = copy(draft, fd);
	if (error == 0 && draft->fd < 0)
		draft->fd = take_fd(&fd);
	else if (error == 0 && dup3(fd, draft->fd, O_CLOEXEC) < 0)
		error = -errno;
	if (error < 0) {
		cache_give_back(draft->cache, &none, &draft->memory_bytes);
		return error;
	}
	unname(draft, reason);
	draft->is_in_memory = true;
	return 0;
}

static bool is_too_large(const struct cache_draft *draft, uint64_t size_bytes)
{
	uint64_t max = draft->cache->size_max_bytes;

	return max < CACHE_HEADER_SIZE || size_bytes > max - CACHE_HEADER_SIZE;
}

/* Promises the draft room for size_bytes of body. What cannot be evicted now may be when it is
 * finished. */
static void promise(struct cache_draft *draft, uint64_t size_bytes)
{
	struct cache *cache = draft->cache;
	uint64_t wanted = size_bytes + CACHE_HEADER_SIZE;
	uint64_t all;

	if (wanted <= draft->promised_bytes)
		return;
	all = cache_promise(cache, wanted - draft->promised_bytes, &draft->promised_bytes);
	cache_names_begin(cache);
	(void)cache_make_room(cache, all);
	cache_names_end(cache);
}

static bool is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT;
}

static bool evict_for(struct cache_draft *draft)
{
	bool is_evicted;

	cache_names_begin(draft->cache);
	is_evicted = cache_evict_one(draft->cache);
	cache_names_end(draft->cache);
	return is_evicted;
}

/* Takes the room on the disk now, while nothing has to be moved if there is none. */
static int allocate(struct cache_draft *draft)
{
	off_t length = (off_t)(CACHE_HEADER_SIZE + draft->told_bytes);
	int error;

	do
		error = fallocate(draft->fd, FALLOC_FL_KEEP_SIZE, 0, length) < 0 ? -errno : 0;
	while (error == -EINTR || (is_full(error) && evict_for(draft)));
	return is_full(error) ? error : 0; /* not every file system can */
}

static int open_on_disk(struct cache_draft *draft)
{
	struct cache *cache = draft->cache;
	bool is_unkept = draft->has_size && is_too_large(draft, draft->told_bytes);
	int error;

	do {
		cache_names_begin(cache);
		error = cache_file_create(cache->folder_fd, draft->name, &draft->fd);
		cache_names_end(cache);
	} while (is_full(error) && evict_for(draft));
	if (error < 0) {
		draft->name[0] = '\0';
		return error;
	}
	if (is_unkept) {
		unname(draft, too_large);
		return 0;
	}
	promise(draft, draft->has_size ? draft->told_bytes : 0);
	return draft->has_size ? allocate(draft) : 0;
}

static int open_draft(struct cache_draft *draft)
{
	int error;

	if (draft->cache->folder_fd < 0)
		return move_to_memory(draft, 0, no_folder);
	error = open_on_disk(draft);
	return error < 0 ? move_to_memory(draft, 0, strerrordesc_np(-error)) : 0;
}

int cache_draft_new(struct cache *cache, const char *url, bool has_size, uint64_t size_bytes,
		    struct cache_draft **out_draft)
{
	struct cache_draft *draft = calloc(1, sizeof(*draft));
	int error;

	if (draft == NULL)
		return -ENOMEM;
	draft->cache = cache;
	draft->fd = -1;
	draft->has_size = has_size;
	draft->told_bytes = size_bytes;
	error = text_copy(draft->url, sizeof(draft->url), url) ? open_draft(draft) : -ENAMETOOLONG;
	if (error < 0) {
		cache_draft_close(draft);
		return error;
	}
	*out_draft = draft;
	return 0;
}

static int write_to_disk(struct cache_draft *draft, uint64_t offset, struct span bytes)
{
	int error;

	do
		error = cache_file_write(draft->fd, offset, bytes);
	while (is_full(error) && evict_for(draft));
	return error;
}

static int append_to_memory(struct cache_draft *draft, uint64_t offset, struct span bytes)
{
	uint64_t missing = missing_memory(draft, bytes.length);

	if (!cache_take_memory(draft->cache, missing, &draft->memory_bytes))
		return -ENOSPC;
	return cache_file_write(draft->fd, offset, bytes);
}

static int append_to_disk(struct cache_draft *draft, uint64_t offset, struct span bytes)
{
	uint64_t size_bytes = offset - CACHE_HEADER_SIZE + bytes.length;
	int error;

	if (draft->name[0] != '\0' && is_too_large(draft, size_bytes))
		unname(draft, too_large);
	if (draft->name[0] != '\0' && size_bytes + CACHE_HEADER_SIZE > draft->promised_bytes)
		promise(draft, size_bytes + PROMISE_BYTES);
	error = write_to_disk(draft, offset, bytes);
	if (error == 0)
		return 0;
	error = move_to_memory(draft, bytes.length, strerrordesc_np(-error));
	return error == 0 ? append_to_memory(draft, offset, bytes) : error;
}

int cache_draft_append(struct cache_draft *draft, struct span bytes)
{
	uint64_t size_bytes = atomic_load(&draft->size_bytes);
	uint64_t offset = CACHE_HEADER_SIZE + size_bytes;

	if (draft->error == 0)
		draft->error = draft->is_in_memory ? append_to_memory(draft, offset, bytes)
						   : append_to_disk(draft, offset, bytes);
	if (draft->error == 0)
		atomic_store(&draft->size_bytes, size_bytes + bytes.length);
	return draft->error;
}

uint64_t cache_draft_size(const struct cache_draft *draft)
{
	return atomic_load(&draft->size_bytes);
}

int cache_draft_read(const struct cache_draft *draft, uint64_t offset, uint8_t *out, size_t length)
{
	uint64_t size_bytes = atomic_load(&draft->size_bytes);

	if (offset > size_bytes || length > size_bytes - offset)
		return -EAGAIN;
	return file_read(draft->fd, CACHE_HEADER_SIZE + offset, out, length);
}

const char *cache_draft_unkept_reason(const struct cache_draft *draft)
{
	return atomic_load(&draft->unkept_reason);
}

/* The object's own descriptor, so that the draft's may be closed at another time. */
static struct cache_object *object_of(const struct cache_draft *draft,
				      const struct cache_facts *facts)
{
	struct cache_object *object = calloc(1, sizeof(*object));
	struct stat info;

	if (object == NULL)
		return NULL;
	object->fd = fcntl(draft->fd, F_DUPFD_CLOEXEC, 0);
	if (object->fd < 0 || fstat(object->fd, &info) < 0) {
		close_fd(&object->fd);
		free(object);
		return NULL;
	}
	object->cache = draft->cache;
	(void)text_copy(object->header.url, sizeof(object->header.url), draft->url);
	object->header.facts = *facts;
	object->header.size_bytes = atomic_load(&draft->size_bytes);
	object->key = cache_header_key(draft->url);
	object->inode = info.st_ino;
	object->holders = 1;
	object->used_told_ns = cache_now_ns();
	return object;
}

/* All of the object on the disk, but for its name. Returns NULL, or why it cannot be kept. */
static const char *sync_file(struct cache_draft *draft, const struct cache_object *object)
{
	uint8_t header[CACHE_HEADER_SIZE];
	int error;

	if (!cache_header_encode(&object->header, header))
		return bad_header;
	error = write_to_disk(draft, 0, (struct span){ header, sizeof(header) });
	if (error < 0)
		return strerrordesc_np(-error);
	cache_file_set_times(draft->fd, object->used_told_ns, object->header.facts.checked_s);
	return fdatasync(draft->fd) < 0 ? strerrordesc_np(errno) : NULL;
}

/* What it replaces makes room, too. The names' lock is held. */
static const char *rename_file(struct cache_draft *draft, struct cache_object *object)
{
	struct cache *cache = draft->cache;
	char name[CACHE_NAME_SIZE];

	cache_forget(cache, object->key);
	if (!cache_make_room(cache, CACHE_HEADER_SIZE + object->header.size_bytes))
		return in_use;
	cache_name_format(object->key, name);
	if (renameat(cache->folder_fd, draft->name, cache->folder_fd, name) < 0)
		return strerrordesc_np(errno);
	draft->name[0] = '\0';
	cache_put(cache, object);
	return NULL;
}

/* Returns NULL, or why it cannot be kept. */
static const char *put_in_place(struct cache_draft *draft, struct cache_object *object)
{
	struct cache *cache = draft->cache;
	const char *reason;
	uint64_t none = 0;

	cache_names_begin(cache);
	reason = rename_file(draft, object);
	cache_names_end(cache);
	if (reason != NULL)
		return reason;
	/* Without it a crash may leave what was there before, which is whole, too. */
	(void)fsync(cache->folder_fd);
	cache_give_back(cache, &draft->promised_bytes, &none);
	return NULL;
}

/* What the folder has of the URL is older. */
static void give_unkept(struct cache_draft *draft, struct cache_object *object, const char *reason)
{
	unname(draft, reason);
	object->unkept_reason = reason;
	object->memory_bytes = draft->memory_bytes;
	draft->memory_bytes = 0;
	cache_remove(draft->cache, draft->url);
	cache_put(draft->cache, object);
}

struct cache_object *cache_draft_finish(struct cache_draft *draft, const struct cache_facts *facts)
{
	const char *reason = atomic_load(&draft->unkept_reason);
	struct cache_object *object;

	if (draft->error < 0 ||
	    (draft->has_size && draft->told_bytes != atomic_load(&draft->size_bytes)))
		return NULL;
	object = object_of(draft, facts);
	if (object == NULL)
		return NULL;
	if (reason == NULL)
		reason = sync_file(draft, object);
	if (reason == NULL)
		reason = put_in_place(draft, object);
	if (reason != NULL)
		give_unkept(draft, object, reason);
	return object;
}

void cache_draft_close(struct cache_draft *draft)
{
	if (draft == NULL)
		return;
	unname(draft, NULL);
	cache_give_back(draft->cache, &draft->promised_bytes, &draft->memory_bytes);
	close_fd(&draft->fd);
	free(draft);
}
