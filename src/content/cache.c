/* The folder, its objects, and who holds them. Two locks: the names' is held while names in the
 * folder change, which may wait for the disk; the other is held for a few instructions. An object
 * that somebody holds is opened once, and shared. */
#include "base/cleanup.h"
#include "base/text.h"
#include "content/cache_files.h"
#include "content/cache_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define OBJECTS_MAX 262144
#define FOLDER_MODE 0755

/* A file is told of its use at most so often; what a restart loses is a minute's order of eviction.
 */
#define USE_TOLD_NS INT64_C(60000000000)

/* What the folder has at the start. */
struct inventory {
	struct cache *cache;
	struct found {
		uint64_t key;
		uint64_t size_bytes;
		int64_t used_ns;
	} * list;
	size_t count;
	size_t capacity;
};

static bool add_found(struct inventory *inventory, const struct found *found)
{
	if (inventory->count == OBJECTS_MAX)
		return false;
	if (inventory->count == inventory->capacity) {
		size_t capacity = inventory->capacity == 0 ? 64 : 2 * inventory->capacity;
		void *list = reallocarray(inventory->list, capacity, sizeof(*found));

		if (list == NULL)
			return false;
		inventory->list = list;
		inventory->capacity = capacity;
	}
	inventory->list[inventory->count++] = *found;
	return true;
}

/* One that cannot be read now may be another time; it does not count until it is. */
static void take_stock(struct inventory *inventory, const char *name, uint64_t key)
{
	int folder_fd = inventory->cache->folder_fd;
	struct cache_file file;

	if (cache_file_open(folder_fd, key, &file) < 0)
		return;
	if (!add_found(inventory, &(struct found){ key, file.size_bytes, file.used_ns }))
		(void)unlinkat(folder_fd, name, 0);
	close_fd(&file.fd);
}

static void visit_at_start(void *context, const char *name)
{
	struct inventory *inventory = context;
	int64_t used_ns;
	uint64_t key;

	switch (cache_name_parse(name, &key)) {
	case CACHE_NAME_OBJECT:
		take_stock(inventory, name, key);
		break;
	case CACHE_NAME_DRAFT:
		(void)cache_file_remove_unused(inventory->cache->folder_fd, name, INT64_MAX,
					       &used_ns);
		break;
	case CACHE_NAME_FOREIGN:
		break;
	}
}

static int by_last_use(const void *one, const void *other)
{
	const struct found *first = one;
	const struct found *second = other;

	return (first->used_ns > second->used_ns) - (first->used_ns < second->used_ns);
}

/* A folder that changes while it is read may tell a name twice. */
static void fill_index(struct cache *cache, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++) {
		const struct found *found = &inventory->list[i];
		struct cache_entry *entry;

		if (cache_index_find(cache->index, found->key) != NULL)
			continue;
		entry = cache_index_add(cache->index, found->key);
		entry->size_bytes = found->size_bytes;
		entry->used_ns = found->used_ns;
		cache->kept_bytes += found->size_bytes;
		cache_index_put_last(cache->index, entry);
	}
}

static int open_folder(struct cache *cache, const char *directory)
{
	struct inventory inventory = { .cache = cache };
	int error;

	cache->folder_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache->folder_fd < 0 && errno == ENOENT && mkdir(directory, FOLDER_MODE) == 0)
		cache->folder_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache->folder_fd < 0)
		return -errno;
	cache_names_begin(cache);
	error = cache_files_visit(cache->folder_fd, visit_at_start, &inventory);
	if (inventory.count > 0)
		qsort(inventory.list, inventory.count, sizeof(inventory.list[0]), by_last_use);
	fill_index(cache, &inventory);
	free(inventory.list);
	cache->has_strange_names = false;
	(void)cache_make_room(cache, 0);
	cache_names_end(cache);
	return error;
}

int cache_open(const struct cache_settings *settings, struct cache **out_cache)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	int error = 0;

	if (cache == NULL)
		return -ENOMEM;
	*cache = (struct cache){ .folder_fd = -1,
				 .size_max_bytes = settings->size_max_bytes,
				 .memory_max_bytes = settings->memory_max_bytes,
				 .names_lock = PTHREAD_MUTEX_INITIALIZER,
				 .lock = PTHREAD_MUTEX_INITIALIZER,
				 .index = cache_index_new(OBJECTS_MAX) };
	if (cache->index == NULL)
		error = -ENOMEM;
	else if (settings->directory != NULL)
		error = open_folder(cache, settings->directory);
	if (error < 0) {
		cache_close(cache);
		return error;
	}
	*out_cache = cache;
	return 0;
}

void cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	assert(cache->memory_bytes == 0 && cache->drafts_bytes == 0);
	close_fd(&cache->folder_fd);
	cache_index_free(cache->index);
	(void)pthread_mutex_destroy(&cache->names_lock);
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* The lock is held. */
static void hold(struct cache_object *object, struct cache_entry *entry)
{
	object->holders++;
	entry->used_ns = cache_now_ns();
}

static struct cache_object *find_held(struct cache *cache, uint64_t key, const char *url)
{
	struct cache_object *object = NULL;
	struct cache_entry *entry;

	(void)pthread_mutex_lock(&cache->lock);
	entry = cache_index_find(cache->index, key);
	if (entry != NULL && entry->object != NULL && strcmp(entry->object->header.url, url) == 0) {
		object = entry->object;
		hold(object, entry);
	}
	(void)pthread_mutex_unlock(&cache->lock);
	return object;
}

/* Another process may have put a newer one in its place, or removed it. */
static bool is_in_place(const struct cache_object *object)
{
	char name[CACHE_NAME_SIZE];
	struct stat info;

	if (object->unkept_reason != NULL)
		return true;
	cache_name_format(object->key, name);
	return fstatat(object->cache->folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
	       info.st_ino == object->inode;
}

static void tell_use(struct cache_object *object)
{
	int64_t now_ns = cache_now_ns();
	bool is_old;

	(void)pthread_mutex_lock(&object->cache->lock);
	is_old = now_ns < object->used_told_ns || now_ns - object->used_told_ns > USE_TOLD_NS;
	if (is_old)
		object->used_told_ns = now_ns;
	(void)pthread_mutex_unlock(&object->cache->lock);
	if (is_old && object->unkept_reason == NULL)
		cache_file_set_times(object->fd, now_ns, 0);
}

static struct cache_object *new_object(struct cache *cache, const struct cache_file *file,
				       uint64_t key)
{
	struct cache_object *object = calloc(1, sizeof(*object));

	if (object != NULL)
		*object = (struct cache_object){ .cache = cache,
						 .header = file->header,
						 .key = key,
						 .fd = file->fd,
						 .inode = file->inode,
						 .holders = 1,
						 .used_told_ns = file->used_ns };
	return object;
}

static void free_object(struct cache_object *object)
{
	close_fd(&object->fd);
	free(object);
}

/* Another thread may have opened the same file meanwhile: its object is taken then, and this one
 * freed. */
static struct cache_object *share(struct cache *cache, struct cache_object *object)
{
	struct cache_object *shared = find_held(cache, object->key, object->header.url);

	if (shared != NULL && shared->inode == object->inode && shared->unkept_reason == NULL) {
		free_object(object);
		return shared;
	}
	cache_object_release(shared);
	cache_put(cache, object);
	return object;
}

/* The file is gone, unless it came back meanwhile. */
static void forget_missing(struct cache *cache, uint64_t key)
{
	char name[CACHE_NAME_SIZE];
	struct stat info;

	cache_name_format(key, name);
	cache_names_begin(cache);
	if (fstatat(cache->folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		cache_forget(cache, key);
	cache_names_end(cache);
}

static struct cache_object *open_object(struct cache *cache, uint64_t key, const char *url)
{
	struct cache_object *object;
	struct cache_file file;
	int error = cache_file_open(cache->folder_fd, key, &file);

	if (error == -ENOENT || error == -EBADMSG)
		forget_missing(cache, key);
	if (error < 0)
		return NULL;
	/* Another URL may have the same key; a file is never served in another's place. */
	object = strcmp(file.header.url, url) == 0 ? new_object(cache, &file, key) : NULL;
	if (object == NULL) {
		close_fd(&file.fd);
		return NULL;
	}
	return share(cache, object);
}

struct cache_object *cache_find(struct cache *cache, const char *url)
{
	uint64_t key = cache_header_key(url);
	struct cache_object *object = find_held(cache, key, url);

	if (object != NULL && !is_in_place(object)) {
		cache_object_release(object);
		object = NULL;
	}
	if (object == NULL && cache->folder_fd >= 0)
		object = open_object(cache, key, url);
	if (object != NULL)
		tell_use(object);
	return object;
}

void cache_object_hold(struct cache_object *object)
{
	(void)pthread_mutex_lock(&object->cache->lock);
	object->holders++;
	(void)pthread_mutex_unlock(&object->cache->lock);
}

/* The lock is held. */
static void leave_index(struct cache_object *object)
{
	struct cache *cache = object->cache;
	struct cache_entry *entry = cache_index_find(cache->index, object->key);

	entry->object = NULL;
	if (object->unkept_reason == NULL)
		cache_index_put_last(cache->index, entry);
	else
		cache_index_remove(cache->index, entry);
}

void cache_object_release(struct cache_object *object)
{
	bool is_last;

	if (object == NULL)
		return;
	(void)pthread_mutex_lock(&object->cache->lock);
	is_last = --object->holders == 0;
	if (is_last && object->is_indexed)
		leave_index(object);
	if (is_last)
		object->cache->memory_bytes -= object->memory_bytes;
	(void)pthread_mutex_unlock(&object->cache->lock);
	if (is_last)
		free_object(object);
}

struct cache_facts cache_object_facts(const struct cache_object *object)
{
	struct cache_facts facts;

	(void)pthread_mutex_lock(&object->cache->lock);
	facts = object->header.facts;
	(void)pthread_mutex_unlock(&object->cache->lock);
	return facts;
}

uint64_t cache_object_size(const struct cache_object *object)
{
	return object->header.size_bytes;
}

int cache_object_descriptor(const struct cache_object *object, uint64_t *out_offset)
{
	*out_offset = CACHE_HEADER_SIZE;
	return object->fd;
}

const char *cache_object_unkept_reason(const struct cache_object *object)
{
	return object->unkept_reason;
}

void cache_object_set_checked(struct cache_object *object, int64_t now_s)
{
	(void)pthread_mutex_lock(&object->cache->lock);
	object->header.facts.checked_s = now_s;
	(void)pthread_mutex_unlock(&object->cache->lock);
	if (object->unkept_reason == NULL)
		cache_file_set_times(object->fd, 0, now_s);
}

void cache_remove(struct cache *cache, const char *url)
{
	uint64_t key = cache_header_key(url);
	char name[CACHE_NAME_SIZE];

	cache_name_format(key, name);
	cache_names_begin(cache);
	if (cache->folder_fd >= 0)
		(void)unlinkat(cache->folder_fd, name, 0);
	cache_forget(cache, key);
	cache_names_end(cache);
}
