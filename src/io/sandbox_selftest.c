#include "io/sandbox_selftest.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "io/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATH_SIZE 64
#define TFTP_PORT 69

/* FOLDER/root is served, FOLDER/state may be written to, FOLDER/cache, too, and emptied;
 * FOLDER/outside neither. The permissions would allow everything: what fails there fails because of
 * Landlock. */
struct stage {
	char folder[PATH_SIZE];
	char root[PATH_SIZE];
	char served[PATH_SIZE];
	char state[PATH_SIZE];
	char kept[PATH_SIZE];
	char cache[PATH_SIZE];
	char draft[PATH_SIZE];
	char object[PATH_SIZE];
	char outside[PATH_SIZE];
	char stray[PATH_SIZE];
};

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

static int read_served(const struct stage *stage)
{
	return try_open(stage->served, O_RDONLY);
}

static int write_state(const struct stage *stage)
{
	return try_open(stage->kept, O_WRONLY | O_CREAT | O_TRUNC);
}

/* The ways of a file of the cache, until it is evicted. */
static int use_cache(const struct stage *stage)
{
	CLEANUP(close_fd) int fd = open(stage->draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0 || pwrite(fd, "x", 1, 0) != 1 ||
	    futimens(fd, NULL) < 0 || fdatasync(fd) < 0 ||
	    renameat(AT_FDCWD, stage->draft, AT_FDCWD, stage->object) < 0 ||
	    unlinkat(AT_FDCWD, stage->object, 0) < 0)
		return -errno;
	return 0;
}

static int use_memory_file(const struct stage *stage)
{
	CLEANUP(close_fd) int fd = memfd_create("bootd-selftest", MFD_CLOEXEC);

	(void)stage;
	return fd < 0 ? -errno : 0;
}

static int remove_kept(const struct stage *stage)
{
	return unlinkat(AT_FDCWD, stage->kept, 0) < 0 ? -errno : 0;
}

static int read_shadow(const struct stage *stage)
{
	(void)stage;
	return try_open("/etc/shadow", O_RDONLY);
}

static int read_outside(const struct stage *stage)
{
	return try_open(stage->outside, O_RDONLY);
}

static int write_outside(const struct stage *stage)
{
	return try_open(stage->outside, O_WRONLY);
}

static int create_outside(const struct stage *stage)
{
	return try_open(stage->stray, O_WRONLY | O_CREAT);
}

static int write_served(const struct stage *stage)
{
	return try_open(stage->served, O_WRONLY);
}

static int execute(const struct stage *stage)
{
	char *const nothing[] = { NULL };

	(void)stage;
	(void)execve("/bin/true", nothing, nothing);
	return -errno;
}

static int trace(const struct stage *stage)
{
	(void)stage;
	if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) < 0)
		return -errno;
	return 0;
}

static int become_root(const struct stage *stage)
{
	(void)stage;
	return setresuid(0, 0, 0) < 0 ? -errno : 0;
}

static int mount_folder(const struct stage *stage)
{
	return mount(stage->root, stage->root, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int make_namespace(const struct stage *stage)
{
	(void)stage;
	return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

static int load_module(const struct stage *stage)
{
	(void)stage;
	return syscall(SYS_init_module, "", 0, "") < 0 ? -errno : 0;
}

static int bind_port(int type, uint16_t port)
{
	CLEANUP(close_fd) int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

static int bind_low_port(const struct stage *stage)
{
	(void)stage;
	return bind_port(SOCK_DGRAM, TFTP_PORT);
}

static int bind_any_port(const struct stage *stage)
{
	(void)stage;
	return bind_port(SOCK_DGRAM, 0);
}

static int open_packet_socket(const struct stage *stage)
{
	CLEANUP(close_fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)stage;
	return fd < 0 ? -errno : 0;
}

static void *end_at_once(void *context)
{
	return context;
}

static int start_thread(const struct stage *stage)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, end_at_once, NULL);

	(void)stage;
	if (error == 0)
		(void)pthread_join(thread, NULL);
	return -error;
}

static const struct attempt {
	const char *what;
	int (*try)(const struct stage *stage); /* 0 or -errno */
	bool must_work;
} attempts[] = {
	{ "reading a file of the served folder", read_served, true },
	{ "writing in the state folder", write_state, true },
	{ "making, renaming and removing a file in the cache's folder", use_cache, true },
	{ "making a file in memory", use_memory_file, true },
	{ "opening a socket for a transfer", bind_any_port, true },
	{ "opening a socket for raw frames", open_packet_socket, true },
	{ "starting a thread", start_thread, true },
	{ "opening /etc/shadow", read_shadow, false },
	{ "reading a file that everybody may read, outside", read_outside, false },
	{ "writing to a file that everybody may write to, outside", write_outside, false },
	{ "creating a file in a folder that everybody may write to, outside", create_outside,
	  false },
	{ "removing a file in the state folder", remove_kept, false },
	{ "writing to a served file", write_served, false },
	{ "executing a program", execute, false },
	{ "tracing a process", trace, false },
	{ "becoming root again", become_root, false },
	{ "mounting", mount_folder, false },
	{ "making a namespace", make_namespace, false },
	{ "loading a kernel module", load_module, false },
	{ "binding a port below 1024", bind_low_port, false },
};

/* What must fail must fail by a refusal: a file that is not there proves nothing. ENOSYS is the
 * filter's answer to what it does not know. */
static bool is_refusal(int error)
{
	return error == -EACCES || error == -EPERM || error == -ENOSYS;
}

static bool show(const struct attempt *attempt, int error, FILE *out)
{
	bool is_right = attempt->must_work ? error == 0 : is_refusal(error);
	const char *result = error == 0 ? "works" : strerrordesc_np(-error);

	(void)fprintf(out, "%-6s %s: %s\n", is_right ? "ok" : "WRONG", attempt->what, result);
	return is_right;
}

static bool confine(const struct stage *stage, const char *user, const char *fallback_user,
		    FILE *out)
{
	const char *read_paths[] = { stage->root };
	const char *write_paths[] = { stage->state };
	const char *own_folders[] = { stage->cache };
	struct sandbox_options options = { .user = user,
					   .fallback_user = fallback_user,
					   .keeps_net_raw = true,
					   .read_paths = read_paths,
					   .read_count = 1,
					   .write_paths = write_paths,
					   .write_count = 1,
					   .own_folders = own_folders,
					   .own_folder_count = 1 };
	struct sandbox_report report;
	char text[SANDBOX_REPORT_SIZE];
	int error = sandbox_enter(&options, &report);

	if (error < 0)
		sandbox_explain(&options, &report, error, text, sizeof(text));
	else
		sandbox_format(&options, &report, text, sizeof(text));
	(void)fprintf(out, "%s\n", text);
	return error == 0;
}

static bool try_all(const struct stage *stage, FILE *out)
{
	bool is_right = true;

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		is_right &= show(&attempts[i], attempts[i].try(stage), out);
	return is_right;
}

/* The mode is set apart from creation, which the umask cuts. */
static bool make_file(const char *path)
{
	CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0 && fchmod(fd, 0666) == 0;
}

static bool make_folder(const char *path)
{
	return mkdir(path, 0700) == 0 && chmod(path, 0777) == 0;
}

static bool set_stage(struct stage *stage)
{
	(void)text_copy(stage->folder, PATH_SIZE, P_tmpdir "/bootd-selftest-XXXXXX");
	if (mkdtemp(stage->folder) == NULL)
		return false;
	(void)text_format(stage->root, PATH_SIZE, "%s/root", stage->folder);
	(void)text_format(stage->served, PATH_SIZE, "%s/root/served", stage->folder);
	(void)text_format(stage->state, PATH_SIZE, "%s/state", stage->folder);
	(void)text_format(stage->kept, PATH_SIZE, "%s/state/kept", stage->folder);
	(void)text_format(stage->cache, PATH_SIZE, "%s/cache", stage->folder);
	(void)text_format(stage->draft, PATH_SIZE, "%s/cache/draft", stage->folder);
	(void)text_format(stage->object, PATH_SIZE, "%s/cache/object", stage->folder);
	(void)text_format(stage->outside, PATH_SIZE, "%s/outside", stage->folder);
	(void)text_format(stage->stray, PATH_SIZE, "%s/stray", stage->folder);
	return chmod(stage->folder, 0777) == 0 && make_folder(stage->root) &&
	       make_file(stage->served) && make_folder(stage->state) &&
	       mkdir(stage->cache, 0700) == 0 && make_file(stage->outside);
}

static void clear_stage(const struct stage *stage)
{
	(void)unlink(stage->served);
	(void)unlink(stage->kept);
	(void)unlink(stage->draft);
	(void)unlink(stage->object);
	(void)unlink(stage->outside);
	(void)unlink(stage->stray);
	(void)rmdir(stage->root);
	(void)rmdir(stage->state);
	(void)rmdir(stage->cache);
	(void)rmdir(stage->folder);
}

/* In a process of its own: the confined one could not remove the files that it was tried with. */
static bool try_in_child(const struct stage *stage, const char *user, const char *fallback_user,
			 FILE *out)
{
	pid_t child;
	int status;

	(void)fflush(out);
	child = fork();
	if (child == 0) {
		bool is_right = confine(stage, user, fallback_user, out) && try_all(stage, out);

		(void)fflush(out);
		_exit(is_right ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == EXIT_SUCCESS;
}

bool sandbox_selftest(const char *user, const char *fallback_user, FILE *out)
{
	struct stage stage = { .folder = "" };
	bool is_right;

	if (geteuid() != 0) {
		(void)fprintf(out, "The selftest needs root: run it with sudo.\n");
		return false;
	}
	if (!set_stage(&stage)) {
		(void)fprintf(out, "The selftest cannot make its files in " P_tmpdir ": %s\n",
			      strerrordesc_np(errno));
		return false;
	}
	is_right = try_in_child(&stage, user, fallback_user, out);
	clear_stage(&stage);
	(void)fprintf(out, is_right ? "The confinement holds.\n"
				    : "The confinement does not hold on this machine.\n");
	return is_right;
}
