/* How much the cache has, and what goes to make room. */
#include "content/cache_files.h"
#include "content/cache_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int64_t cache_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static struct timespec folder_time(const struct cache *cache)
{
	struct stat info;

	if (fstat(cache->folder_fd, &info) < 0)
		return (struct timespec){ 0 };
	return info.st_mtim;
}

void cache_names_begin(struct cache *cache)
{
	struct timespec changed;

	(void)pthread_mutex_lock(&cache->names_lock);
	changed = folder_time(cache);
	if (changed.tv_sec != cache->folder_changed.tv_sec ||
	    changed.tv_nsec != cache->folder_changed.tv_nsec)
		cache->has_strange_names = true;
}

void cache_names_end(struct cache *cache)
{
	cache->folder_changed = folder_time(cache);
	(void)pthread_mutex_unlock(&cache->names_lock);
}

/* The oldest object, which nobody in this process holds. False: none. */
static bool take_oldest(struct cache *cache, struct cache_entry *out_entry)
{
	struct cache_entry *entry;

	(void)pthread_mutex_lock(&cache->lock);
	entry = cache_index_first(cache->index);
	if (entry != NULL) {
		*out_entry = *entry;
		cache->kept_bytes -= entry->size_bytes;
		cache_index_remove(cache->index, entry);
	}
	(void)pthread_mutex_unlock(&cache->lock);
	return entry != NULL;
}

/* Unless somebody has opened it in between, who has put it back then. */
static void put_back(struct cache *cache, const struct cache_entry *taken, int64_t used_ns)
{
	struct cache_entry *entry = NULL;

	(void)pthread_mutex_lock(&cache->lock);
	if (cache_index_find(cache->index, taken->key) == NULL)
		entry = cache_index_add(cache->index, taken->key);
	if (entry != NULL) {
		entry->size_bytes = taken->size_bytes;
		entry->used_ns = used_ns;
		cache->kept_bytes += entry->size_bytes;
		cache_index_put_last(cache->index, entry);
	}
	(void)pthread_mutex_unlock(&cache->lock);
}

static uint32_t count_of(struct cache *cache)
{
	uint32_t count;

	(void)pthread_mutex_lock(&cache->lock);
	count = cache_index_count(cache->index);
	(void)pthread_mutex_unlock(&cache->lock);
	return count;
}

/* What another process uses goes to the end of the line; each at most once. */
bool cache_evict_one(struct cache *cache)
{
	uint32_t tries = count_of(cache);
	struct cache_entry entry;

	for (; tries > 0 && take_oldest(cache, &entry); tries--) {
		char name[CACHE_NAME_SIZE];
		int64_t used_ns = entry.used_ns;
		int error;

		cache_name_format(entry.key, name);
		error = cache_file_remove_unused(cache->folder_fd, name, entry.used_ns, &used_ns);
		if (error == 0)
			return true;
		put_back(cache, &entry, used_ns);
		if (error != -EBUSY)
			return false;
	}
	return false;
}

static bool is_known(struct cache *cache, uint64_t key)
{
	bool is_known;

	(void)pthread_mutex_lock(&cache->lock);
	is_known = cache_index_find(cache->index, key) != NULL;
	(void)pthread_mutex_unlock(&cache->lock);
	return is_known;
}

/* What another process has put there counts, too. What it has removed is found to be gone when its
 * turn comes. */
static void add_strange(void *context, const char *name)
{
	struct cache *cache = context;
	struct cache_entry entry = { .object = NULL };
	struct stat info;

	if (cache_name_parse(name, &entry.key) != CACHE_NAME_OBJECT || is_known(cache, entry.key) ||
	    fstatat(cache->folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(info.st_mode))
		return;
	entry.size_bytes = (uint64_t)info.st_size;
	put_back(cache, &entry, cache_now_ns());
}

static bool has_room(struct cache *cache, uint64_t size_bytes)
{
	bool has_room;

	(void)pthread_mutex_lock(&cache->lock);
	has_room = !cache_index_is_full(cache->index) &&
		   cache->kept_bytes <= cache->size_max_bytes &&
		   size_bytes <= cache->size_max_bytes - cache->kept_bytes;
	(void)pthread_mutex_unlock(&cache->lock);
	return has_room;
}

bool cache_make_room(struct cache *cache, uint64_t size_bytes)
{
	if (cache->has_strange_names) {
		cache->has_strange_names = false;
		(void)cache_files_visit(cache->folder_fd, add_strange, cache);
	}
	while (!has_room(cache, size_bytes)) {
		if (!cache_evict_one(cache))
			return false;
	}
	return true;
}

void cache_forget(struct cache *cache, uint64_t key)
{
	struct cache_entry *entry;

	(void)pthread_mutex_lock(&cache->lock);
	entry = cache_index_find(cache->index, key);
	if (entry != NULL) {
		if (entry->object != NULL)
			entry->object->is_indexed = false;
		cache->kept_bytes -= entry->size_bytes;
		cache_index_remove(cache->index, entry);
	}
	(void)pthread_mutex_unlock(&cache->lock);
}

/* Two threads that open the same file both come here: the later one's object is the URL's. */
void cache_put(struct cache *cache, struct cache_object *object)
{
	uint64_t size_bytes =
		object->unkept_reason != NULL ? 0 : CACHE_HEADER_SIZE + object->header.size_bytes;
	struct cache_entry *entry;

	(void)pthread_mutex_lock(&cache->lock);
	entry = cache_index_find(cache->index, object->key);
	if (entry == NULL)
		entry = cache_index_add(cache->index, object->key);
	if (entry != NULL) {
		if (entry->object != NULL)
			entry->object->is_indexed = false;
		cache_index_take_out(cache->index, entry);
		cache->kept_bytes += size_bytes - entry->size_bytes;
		entry->size_bytes = size_bytes;
		entry->used_ns = cache_now_ns();
		entry->object = object;
		object->is_indexed = true;
	}
	(void)pthread_mutex_unlock(&cache->lock);
}

uint64_t cache_promise(struct cache *cache, uint64_t size_bytes, uint64_t *share)
{
	uint64_t all;

	(void)pthread_mutex_lock(&cache->lock);
	cache->drafts_bytes += size_bytes;
	*share += size_bytes;
	all = cache->drafts_bytes;
	(void)pthread_mutex_unlock(&cache->lock);
	return all;
}

bool cache_take_memory(struct cache *cache, uint64_t size_bytes, uint64_t *share)
{
	bool has_room;

	(void)pthread_mutex_lock(&cache->lock);
	has_room = size_bytes <= cache->memory_max_bytes - cache->memory_bytes;
	if (has_room) {
		cache->memory_bytes += size_bytes;
		*share += size_bytes;
	}
	(void)pthread_mutex_unlock(&cache->lock);
	return has_room;
}

void cache_give_back(struct cache *cache, uint64_t *promised, uint64_t *memory)
{
	(void)pthread_mutex_lock(&cache->lock);
	cache->drafts_bytes -= *promised;
	cache->memory_bytes -= *memory;
	(void)pthread_mutex_unlock(&cache->lock);
	*promised = 0;
	*memory = 0;
}
