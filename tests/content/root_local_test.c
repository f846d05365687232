#include "base/cleanup.h"
#include "base/text.h"
#include "content/root_local.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NOBODY 65534

/* A temporary folder with root/, which is served, and outside/, which is not. */
static char base[64];
static int base_fd = -1;

static void make_file(const char *path, const char *text)
{
	CLEANUP(close_fd) int fd = openat(base_fd, path, O_CREAT | O_EXCL | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void make_link(const char *path, const char *target)
{
	assert_int_equal(symlinkat(target, base_fd, path), 0);
}

static void make_absolute_link(const char *path, const char *below_base)
{
	char target[PATH_MAX];

	assert_true(text_format(target, sizeof(target), "%s/%s", base, below_base));
	make_link(path, target);
}

static void make_socket(const char *path)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_true(text_format(address.sun_path, sizeof(address.sun_path), "%s/%s", base, path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void make_folders(void)
{
	assert_int_equal(mkdirat(base_fd, "root", 0755), 0);
	assert_int_equal(mkdirat(base_fd, "root/folder", 0755), 0);
	assert_int_equal(mkdirat(base_fd, "root/private", 0), 0);
	assert_int_equal(mkdirat(base_fd, "outside", 0755), 0);
	make_file("root/plain", "plain");
	make_file("root/empty", "");
	make_file("root/folder/inner", "inner");
	make_file("root/unreadable", "x");
	assert_int_equal(fchmodat(base_fd, "root/unreadable", 0, 0), 0);
	make_file("outside/secret", "secret");
	assert_int_equal(mkfifoat(base_fd, "root/fifo", 0666), 0);
	make_socket("root/socket");
}

static void make_links(void)
{
	make_link("root/link", "plain");
	make_link("root/folder-link", "folder");
	make_link("root/dots", "folder/../plain");
	make_link("root/folder/back", "../plain");
	make_link("root/dangling", "nowhere");
	make_link("root/loop", "loop2");
	make_link("root/loop2", "loop");
	make_link("root/magic", "/proc/self/exe");
	make_link("root/out", "../outside/secret");
	make_link("root/out-folder", "../outside");
	make_link("root/folder/out", "../../outside");
	make_link("root/via", "out-folder");
	make_absolute_link("root/out-absolute", "outside/secret");
	make_absolute_link("root/in-absolute", "root/plain");
	make_link("root/odd\x1b\xff", "../outside");
}

static int make_tree(void **state)
{
	const char *folder = getenv("TMPDIR");

	(void)state;
	if (!text_format(base, sizeof(base), "%s/bootd-XXXXXX", folder == NULL ? "/tmp" : folder) ||
	    mkdtemp(base) == NULL)
		return -1;
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0 || fchmod(base_fd, 0755) < 0)
		return -1;
	make_folders();
	make_links();
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

static int remove_tree(void **state)
{
	(void)state;
	close_fd(&base_fd);
	return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_root(bool may_follow_links, struct root_local *out_root)
{
	char folder[PATH_MAX];

	assert_true(text_format(folder, sizeof(folder), "%s/root", base));
	assert_int_equal(root_local_open(folder, may_follow_links, out_root), 0);
}

static const struct opened {
	const char *path;
	uint64_t size_bytes;
} opened[] = {
	{ "plain", 5 },
	{ "empty", 0 },
	{ "folder/inner", 5 },
	{ "link", 5 },
	{ "folder-link/inner", 5 },
	{ "dots", 5 },
	{ "folder/back", 5 },
	{ "folder-link/back", 5 },
};

static const struct opened followed[] = {
	{ "plain", 5 },       { "folder-link/inner", 5 },
	{ "out", 6 },         { "out-folder/secret", 6 },
	{ "via/secret", 6 },  { "out-absolute", 6 },
	{ "in-absolute", 5 }, { "folder/out/secret", 6 },
};

static void open_all(const struct root_local *root, const struct opened *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct root_file file = { .fd = -1 };
		char sentence[ROOT_SENTENCE_SIZE] = "";

		if (root_local_open_file(root, rows[i].path, &file, sentence) != CONTENT_OK)
			fail_msg("%s: %s", rows[i].path, sentence);
		assert_int_equal(file.size_bytes, rows[i].size_bytes);
		assert_true(root_file_is_unchanged(&file));
		assert_true((fcntl(file.fd, F_GETFD) & FD_CLOEXEC) != 0);
		close_fd(&file.fd);
	}
}

static void opens_what_is_beneath(void **state)
{
	struct root_local root;

	(void)state;
	open_root(false, &root);
	open_all(&root, opened, COUNT_OF(opened));
	root_local_close(&root);
}

static void follows_links_where_that_is_allowed(void **state)
{
	struct root_local root;

	(void)state;
	open_root(true, &root);
	open_all(&root, followed, COUNT_OF(followed));
	root_local_close(&root);
}

static const struct refused {
	const char *path;
	enum content_refusal refusal;
	const char *sentence; /* its beginning */
} refused[] = {
	{ "absent", CONTENT_NOT_FOUND, "there is no such file" },
	{ "absent/inner", CONTENT_NOT_FOUND, "there is no such file" },
	{ "plain/inner", CONTENT_NOT_FOUND, "there is no such file" },
	{ "dangling", CONTENT_NOT_FOUND, "there is no such file" },
	{ "folder", CONTENT_NOT_FOUND, "it is a folder" },
	{ "folder-link", CONTENT_NOT_FOUND, "it is a folder" },
	{ "fifo", CONTENT_FORBIDDEN, "it is not a regular file" },
	{ "socket", CONTENT_FORBIDDEN, "it is not a regular file" },
	{ "loop", CONTENT_FORBIDDEN, "its symbolic links form a loop" },
	{ "out", CONTENT_FORBIDDEN,
	  "the symbolic link out leads out of the root; [tftp] symlinks = follow would allow it" },
	{ "out-folder/secret", CONTENT_FORBIDDEN,
	  "the symbolic link out-folder leads out of the root; " },
	{ "folder/out/secret", CONTENT_FORBIDDEN,
	  "the symbolic link folder/out leads out of the root; " },
	{ "folder-link/out/secret", CONTENT_FORBIDDEN,
	  "the symbolic link folder-link/out leads out of the root; " },
	{ "via/secret", CONTENT_FORBIDDEN, "the symbolic link via leads out of the root; " },
	{ "out-absolute", CONTENT_FORBIDDEN,
	  "the symbolic link out-absolute leads out of the root because its target is absolute; "
	  "[tftp] symlinks = follow would allow it" },
	{ "in-absolute", CONTENT_FORBIDDEN,
	  "the symbolic link in-absolute leads out of the root because its target is absolute; " },
	{ "magic", CONTENT_FORBIDDEN, "the symbolic link magic leads out of the root because" },
	{ "odd\x1b\xff/secret", CONTENT_FORBIDDEN,
	  "the symbolic link odd\\x1b\\xff leads out of the root; " },
};

static const struct refused refused_when_following[] = {
	{ "absent", CONTENT_NOT_FOUND, "there is no such file" },
	{ "via", CONTENT_NOT_FOUND, "it is a folder" },
	{ "fifo", CONTENT_FORBIDDEN, "it is not a regular file" },
	{ "loop", CONTENT_FORBIDDEN, "its symbolic links form a loop" },
	{ "magic", CONTENT_FORBIDDEN, "its symbolic links form a loop or lead through /proc" },
};

static void refuse_one(const struct root_local *root, const struct refused *row)
{
	struct root_file file = { .fd = -1 };
	char sentence[ROOT_SENTENCE_SIZE] = "";
	enum content_refusal refusal = root_local_open_file(root, row->path, &file, sentence);

	if (refusal != row->refusal || !text_starts_with(sentence, row->sentence))
		fail_msg("%s: refusal %d, \"%s\"", row->path, refusal, sentence);
	assert_int_equal(file.fd, -1);
}

static void refuses_the_rest(void **state)
{
	struct root_local root;

	(void)state;
	open_root(false, &root);
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		refuse_one(&root, &refused[i]);
	root_local_close(&root);
}

static void following_has_limits(void **state)
{
	struct root_local root;

	(void)state;
	open_root(true, &root);
	for (size_t i = 0; i < COUNT_OF(refused_when_following); i++)
		refuse_one(&root, &refused_when_following[i]);
	root_local_close(&root);
}

/* Root may read everything; so the thread becomes nobody for the file system, where it is root. */
static void tells_of_a_missing_permission(void **state)
{
	static const struct refused rows[] = {
		{ "unreadable", CONTENT_FORBIDDEN, "bootd has no permission to read it; make " },
		{ "private/x", CONTENT_FORBIDDEN, "bootd has no permission to read it; make " },
	};
	struct root_local root;
	int old_user;

	(void)state;
	open_root(false, &root);
	old_user = geteuid() == 0 ? setfsuid(NOBODY) : -1;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		refuse_one(&root, &rows[i]);
	if (old_user >= 0)
		(void)setfsuid((uid_t)old_user);
	root_local_close(&root);
}

static void tells_of_missing_descriptors(void **state)
{
	static const struct refused row = { "plain", CONTENT_OUT_OF_RESOURCES, "Too many open" };
	struct root_local root;
	struct rlimit old;
	struct rlimit none;

	(void)state;
	open_root(false, &root);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	refuse_one(&root, &row);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	root_local_close(&root);
}

static void a_long_link_name_is_cut_in_the_sentence(void **state)
{
	struct root_local root;
	struct root_file file;
	char path[8 + NAME_MAX + 1] = "root/";
	char sentence[ROOT_SENTENCE_SIZE];

	(void)state;
	memset(path + 5, 0x1b, NAME_MAX);
	make_link(path, "../outside/secret");
	open_root(false, &root);
	assert_int_equal(root_local_open_file(&root, path + 5, &file, sentence), CONTENT_FORBIDDEN);
	assert_non_null(strstr(sentence, "\\x1b... leads out of the root; [tftp] symlinks"));
	root_local_close(&root);
}

static void open_changing(const struct root_local *root, struct root_file *out_file)
{
	char sentence[ROOT_SENTENCE_SIZE];

	assert_int_equal(root_local_open_file(root, "changing", out_file, sentence), CONTENT_OK);
	assert_true(root_file_is_unchanged(out_file));
}

static void notices_a_change(void **state)
{
	static const struct timespec times[] = { { .tv_sec = 1 }, { .tv_sec = 1, .tv_nsec = 7 } };
	struct root_local root;
	struct root_file file;
	int writer;

	(void)state;
	make_file("root/changing", "1234");
	writer = openat(base_fd, "root/changing", O_WRONLY | O_CLOEXEC);
	assert_true(writer >= 0);
	open_root(false, &root);

	open_changing(&root, &file);
	/* Another mode, which changes ctime, is no other content. */
	assert_int_equal(fchmod(writer, 0600), 0);
	assert_true(root_file_is_unchanged(&file));
	assert_int_equal(futimens(writer, times), 0);
	assert_false(root_file_is_unchanged(&file));
	close_fd(&file.fd);

	/* Another size at the same time. */
	open_changing(&root, &file);
	assert_int_equal(ftruncate(writer, 3), 0);
	assert_int_equal(futimens(writer, times), 0);
	assert_false(root_file_is_unchanged(&file));
	close_fd(&file.fd);
	close_fd(&writer);
	root_local_close(&root);
}

static void serves_no_root_that_is_no_folder(void **state)
{
	struct root_local root = { .fd = -1 };
	char path[PATH_MAX];

	(void)state;
	assert_true(text_format(path, sizeof(path), "%s/absent", base));
	assert_int_equal(root_local_open(path, false, &root), -ENOENT);
	assert_true(text_format(path, sizeof(path), "%s/root/plain", base));
	assert_int_equal(root_local_open(path, false, &root), -ENOTDIR);
	assert_int_equal(root.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_is_beneath),
		cmocka_unit_test(follows_links_where_that_is_allowed),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(following_has_limits),
		cmocka_unit_test(tells_of_a_missing_permission),
		cmocka_unit_test(tells_of_missing_descriptors),
		cmocka_unit_test(a_long_link_name_is_cut_in_the_sentence),
		cmocka_unit_test(notices_a_change),
		cmocka_unit_test(serves_no_root_that_is_no_folder),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
