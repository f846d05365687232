/* Each case runs in a child, because nobody gets out of the confinement again. They need root. */
#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

static char folder[] = P_tmpdir "/bootd-sandbox-test-XXXXXX";
static char root[64], served[80], state[64], outside[80];

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(close(fd), 0);
}

/* Permissions allow everybody everything: what is refused here is refused by the confinement. */
static int make_files(void **unused)
{
	(void)unused;
	assert_int_equal(geteuid(), 0);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(root, sizeof(root), "%s/root", folder);
	(void)snprintf(served, sizeof(served), "%s/served", root);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	(void)snprintf(outside, sizeof(outside), "%s/outside", folder);
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(mkdir(state, 0700), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(chmod(root, 0777), 0);
	assert_int_equal(chmod(state, 0777), 0);
	make_file(served);
	make_file(outside);
	return 0;
}

static int remove_files(void **unused)
{
	char command[128];

	(void)unused;
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* cmocka's assertions would jump back into the parent's list of tests. */
#define EXPECT(claim) expect((claim), #claim, __LINE__)

static void expect(bool is_true, const char *claim, int line)
{
	if (is_true)
		return;
	(void)fprintf(stderr, "line %d: not so: %s (errno: %s)\n", line, claim, strerror(errno));
	_exit(EXIT_FAILURE);
}

static void in_child(void (*run)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		run();
		_exit(EXIT_SUCCESS);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		fail_msg("the child ended with status %#x", (unsigned)status);
}

static const char *const read_paths[] = { root, "/nowhere/at/all" };
static const char *const write_paths[] = { state };

static struct sandbox_options options_of(const char *user)
{
	return (struct sandbox_options){ .user = user,
					 .keeps_net_raw = true,
					 .read_paths = read_paths,
					 .read_count = 2,
					 .write_paths = write_paths,
					 .write_count = 1 };
}

static struct sandbox_report enter_with(const struct sandbox_options *options)
{
	struct sandbox_report report;
	int error = sandbox_enter(options, &report);

	errno = -error;
	EXPECT(error == 0);
	return report;
}

static struct sandbox_report enter(void)
{
	struct sandbox_options options = options_of("nobody");

	return enter_with(&options);
}

static bool report_says(const struct sandbox_report *report, const char *what)
{
	struct sandbox_options options = options_of("bootd-no-such-user");
	char text[SANDBOX_REPORT_SIZE];

	sandbox_format(&options, report, text, sizeof(text));
	return strstr(text, what) != NULL;
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* The number in base behind a key of /proc/self/status, as it was when the file was opened: its
 * content is made at the read, so an open descriptor shows what holds afterwards. */
static uint64_t status_number(int fd, const char *key, int base)
{
	char text[4096];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	const char *at;

	EXPECT(length > 0);
	text[length] = '\0';
	at = strstr(text, key);
	EXPECT(at != NULL);
	return strtoull(at + strlen(key), NULL, base);
}

static void run_identity(void)
{
	const gid_t groups[] = { 4, 5 };
	int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct sandbox_report report;
	uid_t user[3];
	gid_t group[3];

	EXPECT(setgroups(2, groups) == 0);
	report = enter();
	EXPECT(getresuid(&user[0], &user[1], &user[2]) == 0);
	EXPECT(getresgid(&group[0], &group[1], &group[2]) == 0);
	for (int i = 0; i < 3; i++)
		EXPECT(user[i] == NOBODY && group[i] == NOBODY);
	EXPECT(strcmp(report.user, "nobody") == 0 && !report.is_fallback);
	EXPECT(report.has_net_raw && report.has_seccomp);
	EXPECT(status_number(status, "\nGroups:", 10) == 0);
	EXPECT(status_number(status, "\nCapEff:", 16) == 1U << 13); /* CAP_NET_RAW */
	EXPECT(status_number(status, "\nCapPrm:", 16) == 1U << 13);
	EXPECT(status_number(status, "\nCapInh:", 16) == 0);
	EXPECT(status_number(status, "\nCapBnd:", 16) == 0);
	EXPECT(status_number(status, "\nCapAmb:", 16) == 0);
	EXPECT(status_number(status, "\nNoNewPrivs:", 10) == 1);
	EXPECT(status_number(status, "\nSeccomp:", 10) == 2); /* filter */
	EXPECT(setresuid(0, 0, 0) < 0 && errno == EPERM);
}

static void root_becomes_the_user_and_keeps_one_capability(void **unused)
{
	(void)unused;
	in_child(run_identity);
}

static void run_without_net_raw(void)
{
	int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct sandbox_options options = options_of("nobody");
	struct sandbox_report report;

	options.keeps_net_raw = false;
	report = enter_with(&options);
	EXPECT(!report.has_net_raw);
	EXPECT(status_number(status, "\nCapEff:", 16) == 0);
	EXPECT(status_number(status, "\nCapPrm:", 16) == 0);
	EXPECT(socket(AF_PACKET, SOCK_DGRAM, 0) < 0);
}

static void net_raw_goes_where_it_is_not_needed(void **unused)
{
	(void)unused;
	in_child(run_without_net_raw);
}

static void run_files(void)
{
	char kept[80], stray[80], moved[80];

	(void)snprintf(kept, sizeof(kept), "%s/kept", state);
	(void)snprintf(stray, sizeof(stray), "%s/stray", folder);
	(void)snprintf(moved, sizeof(moved), "%s/moved", root);
	(void)enter();
	EXPECT(can_open(served, O_RDONLY));
	EXPECT(can_open(root, O_RDONLY | O_DIRECTORY));
	EXPECT(can_open("/etc/passwd", O_RDONLY)); /* libc looks there */
	EXPECT(can_open(kept, O_RDWR | O_CREAT | O_APPEND));
	EXPECT(can_open(kept, O_WRONLY | O_TRUNC));

	EXPECT(!can_open(served, O_WRONLY) && errno == EACCES);
	EXPECT(!can_open(outside, O_RDONLY) && errno == EACCES);
	EXPECT(!can_open(outside, O_WRONLY) && errno == EACCES);
	EXPECT(!can_open(folder, O_RDONLY | O_DIRECTORY) && errno == EACCES);
	EXPECT(!can_open(stray, O_WRONLY | O_CREAT) && errno == EACCES);
	EXPECT(!can_open("/etc/shadow", O_RDONLY) && errno == EACCES);
	EXPECT(syscall(SYS_renameat2, AT_FDCWD, kept, AT_FDCWD, moved, 0) < 0);
	EXPECT(symlink(outside, moved) < 0 && errno == EPERM);
	EXPECT(chmod(served, 0) < 0 && errno == EPERM);
}

static void files_only_where_they_are_named(void **unused)
{
	(void)unused;
	in_child(run_files);
}

static bool is_of(const char *path, uid_t user)
{
	struct stat info;

	return lstat(path, &info) == 0 && info.st_uid == user;
}

static void run_own_folders(void)
{
	char empty[80], full[80], link[80], target[80], file[100], moved[100];
	const char *folders[] = { empty, full, link, "/nowhere/at/all" };
	struct sandbox_options options = options_of("nobody");

	options.own_folders = folders;
	options.own_folder_count = 4;
	(void)snprintf(empty, sizeof(empty), "%s/empty", folder);
	(void)snprintf(full, sizeof(full), "%s/full", folder);
	(void)snprintf(link, sizeof(link), "%s/link", folder);
	(void)snprintf(target, sizeof(target), "%s/target", folder);
	(void)snprintf(file, sizeof(file), "%s/file", empty);
	(void)snprintf(moved, sizeof(moved), "%s/moved", empty);
	EXPECT(mkdir(empty, 0755) == 0 && mkdir(full, 0755) == 0 && mkdir(target, 0755) == 0);
	EXPECT(symlink(target, link) == 0);
	(void)snprintf(file, sizeof(file), "%s/file", full);
	EXPECT(can_open(file, O_WRONLY | O_CREAT));
	(void)snprintf(file, sizeof(file), "%s/file", empty);
	(void)enter_with(&options);

	EXPECT(can_open(file, O_RDWR | O_CREAT | O_EXCL));
	EXPECT(renameat(AT_FDCWD, file, AT_FDCWD, moved) == 0 && unlinkat(AT_FDCWD, moved, 0) == 0);
	EXPECT(mkdir(moved, 0700) < 0);
	(void)snprintf(file, sizeof(file), "%s/kept", state);
	EXPECT(can_open(file, O_RDWR | O_CREAT));
	EXPECT(unlinkat(AT_FDCWD, file, 0) < 0 && errno == EACCES);
}

/* What is no cache yet, or lies behind a link, stays whose it is. */
static void an_empty_folder_of_its_own_becomes_the_users(void **unused)
{
	char path[80];

	(void)unused;
	in_child(run_own_folders);
	(void)snprintf(path, sizeof(path), "%s/empty", folder);
	assert_true(is_of(path, NOBODY));
	(void)snprintf(path, sizeof(path), "%s/full", folder);
	assert_true(is_of(path, 0));
	(void)snprintf(path, sizeof(path), "%s/target", folder);
	assert_true(is_of(path, 0));
}

static void run_calls(void)
{
	char *const nothing[] = { NULL };

	(void)enter();
	EXPECT(execve("/bin/true", nothing, nothing) < 0 && errno == EPERM);
	EXPECT(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) < 0);
	EXPECT(kill(getppid(), 0) < 0 && errno == EPERM);
	EXPECT(unshare(CLONE_NEWUSER) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_mount, root, root, NULL, 4096, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_init_module, "", 0, "") < 0 && errno == EPERM);
	EXPECT(syscall(SYS_keyctl, 0, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_vhangup) < 0 && errno == ENOSYS); /* on no list */
}

static void what_only_an_intruder_tries_is_refused(void **unused)
{
	(void)unused;
	in_child(run_calls);
}

static bool can_bind(int type, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	EXPECT(fd >= 0);
	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static void run_network(void)
{
	struct ifreq request = { .ifr_ifindex = 1 };
	struct sandbox_report report = enter();
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EXPECT(can_bind(SOCK_DGRAM, 0));
	EXPECT(!can_bind(SOCK_DGRAM, 69) && errno == EACCES);
	EXPECT(report.landlock_abi < 4 || !can_bind(SOCK_STREAM, 8000));
	EXPECT(ioctl(fd, FIONBIO, &one) == 0); /* libuv */
	EXPECT(ioctl(fd, SIOCGIFNAME, &request) == 0 || errno == ENODEV);
	EXPECT(ioctl(fd, SIOCGIFFLAGS, &request) < 0 && errno == ENOSYS);
	EXPECT(socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
	EXPECT(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
	EXPECT(socket(AF_NETLINK, SOCK_RAW, 12) < 0); /* the packet filter's */
	EXPECT(socket(AF_PACKET, SOCK_DGRAM, 0) >= 0);
	EXPECT(socket(AF_VSOCK, SOCK_STREAM, 0) < 0);
}

static void sockets_of_the_needed_kinds_only(void **unused)
{
	(void)unused;
	in_child(run_network);
}

static void *try_in_thread(void *context)
{
	(void)context;
	EXPECT(can_open(served, O_RDONLY));
	EXPECT(!can_open(outside, O_RDONLY));
	EXPECT(prctl(PR_SET_NAME, "worker") == 0);
	EXPECT(socket(AF_VSOCK, SOCK_STREAM, 0) < 0);
	return &served;
}

static void run_thread(void)
{
	pthread_t thread;
	void *result = NULL;

	(void)enter();
	EXPECT(pthread_create(&thread, NULL, try_in_thread, NULL) == 0);
	EXPECT(pthread_join(thread, &result) == 0 && result == &served);
}

static void threads_start_and_are_confined(void **unused)
{
	(void)unused;
	in_child(run_thread);
}

static void run_abort(void)
{
	(void)enter();
	abort();
}

static void abort_still_ends_the_process_by_its_signal(void **unused)
{
	pid_t child = fork();
	int status = 0;

	(void)unused;
	if (child == 0) {
		run_abort();
		_exit(EXIT_SUCCESS);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void *wait_forever(void *context)
{
	(void)pause();
	return context;
}

static void run_with_thread(void)
{
	struct sandbox_options options = { .user = "nobody" };
	struct sandbox_report report;
	pthread_t thread;

	EXPECT(pthread_create(&thread, NULL, wait_forever, NULL) == 0);
	EXPECT(sandbox_enter(&options, &report) == -EBUSY);
	EXPECT(report.step == SANDBOX_COUNTING_THREADS && geteuid() == 0);
}

static void a_thread_that_would_escape_is_an_error(void **unused)
{
	(void)unused;
	in_child(run_with_thread);
}

static void run_users(void)
{
	struct sandbox_options options = { .user = "bootd-no-such-user" };
	struct sandbox_report report;
	char text[SANDBOX_REPORT_SIZE];

	EXPECT(sandbox_enter(&options, &report) == -ENOENT);
	sandbox_explain(&options, &report, -ENOENT, text, sizeof(text));
	EXPECT(strstr(text, "there is no user bootd-no-such-user") != NULL);
	EXPECT(strstr(text, "useradd --system bootd-no-such-user") != NULL);

	options.user = "root";
	EXPECT(sandbox_enter(&options, &report) == -EINVAL);
	sandbox_explain(&options, &report, -EINVAL, text, sizeof(text));
	EXPECT(strstr(text, "root is root") != NULL);
	EXPECT(geteuid() == 0);

	options.user = "bootd-no-such-user";
	options.fallback_user = "nobody";
	EXPECT(sandbox_enter(&options, &report) == 0);
	EXPECT(report.is_fallback && strcmp(report.user, "nobody") == 0 && geteuid() == NOBODY);
	EXPECT(report_says(&report, "user nobody (there is no user bootd-no-such-user)"));
}

static void a_missing_user_is_told_and_may_have_a_substitute(void **unused)
{
	(void)unused;
	in_child(run_users);
}

static void run_unprivileged(void)
{
	struct sandbox_options options = options_of("bootd-no-such-user");
	struct sandbox_report report;
	char *const nothing[] = { NULL };

	EXPECT(setgroups(0, NULL) == 0 && setresgid(1, 1, 1) == 0 && setresuid(1, 1, 1) == 0);
	EXPECT(sandbox_enter(&options, &report) == 0);
	EXPECT(geteuid() == 1 && report.user[0] == '\0' && !report.has_net_raw);
	EXPECT(can_open(served, O_RDONLY) && !can_open(outside, O_RDONLY));
	EXPECT(execve("/bin/true", nothing, nothing) < 0 && errno == EPERM);
	EXPECT(report_says(&report, "user unchanged") && report_says(&report, "seccomp"));
}

static void without_root_all_the_rest_holds(void **unused)
{
	(void)unused;
	in_child(run_unprivileged);
}

static void run_log_file(void)
{
	char log[80], link[80];
	const char *const files[] = { log, link, "/nowhere/at/all" };
	struct sandbox_options options = { .user = "nobody",
					   .owned_files = files,
					   .owned_count = 3 };
	struct sandbox_report report;
	struct stat info;

	(void)snprintf(log, sizeof(log), "%s/log", state);
	(void)snprintf(link, sizeof(link), "%s/link", state);
	make_file(log);
	EXPECT(symlink("/etc/passwd", link) == 0);
	EXPECT(sandbox_enter(&options, &report) == 0);
	EXPECT(stat(log, &info) == 0 && info.st_uid == NOBODY);
	EXPECT(lstat(link, &info) == 0 && info.st_uid == 0);
	EXPECT(stat("/etc/passwd", &info) == 0 && info.st_uid == 0);
}

static void the_log_becomes_the_users_but_never_through_a_link(void **unused)
{
	(void)unused;
	in_child(run_log_file);
}

/* As on a kernel without it. */
static void take_away(const char *call, int error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	EXPECT(filter != NULL);
	EXPECT(seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)error),
				seccomp_syscall_resolve_name(call), 0) == 0);
	EXPECT(seccomp_load(filter) == 0);
	seccomp_release(filter);
}

static void run_old_kernel(void)
{
	struct sandbox_report report;

	take_away("landlock_create_ruleset", EOPNOTSUPP);
	report = enter();
	EXPECT(report.landlock_abi == 0 && report.lack_count == 1 && report.has_seccomp);
	EXPECT(geteuid() == NOBODY && can_open(served, O_RDONLY));
	EXPECT(report_says(&report, "this kernel lacks Landlock"));
}

static void what_the_kernel_lacks_is_told(void **unused)
{
	(void)unused;
	in_child(run_old_kernel);
}

static void run_without_filters(void)
{
	struct sandbox_report report;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	EXPECT(filter != NULL);
	EXPECT(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
				(struct scmp_arg_cmp){ .arg = 0,
						       .op = SCMP_CMP_EQ,
						       .datum_a = PR_SET_SECCOMP }) == 0);
	EXPECT(seccomp_load(filter) == 0);
	seccomp_release(filter);
	report = enter();
	EXPECT(!report.has_seccomp && report.lack_count == 1);
	EXPECT(report_says(&report, "this kernel lacks seccomp filters"));
}

static void without_filters_the_rest_holds(void **unused)
{
	(void)unused;
	in_child(run_without_filters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_the_user_and_keeps_one_capability),
		cmocka_unit_test(net_raw_goes_where_it_is_not_needed),
		cmocka_unit_test(files_only_where_they_are_named),
		cmocka_unit_test(an_empty_folder_of_its_own_becomes_the_users),
		cmocka_unit_test(what_only_an_intruder_tries_is_refused),
		cmocka_unit_test(sockets_of_the_needed_kinds_only),
		cmocka_unit_test(threads_start_and_are_confined),
		cmocka_unit_test(abort_still_ends_the_process_by_its_signal),
		cmocka_unit_test(a_thread_that_would_escape_is_an_error),
		cmocka_unit_test(a_missing_user_is_told_and_may_have_a_substitute),
		cmocka_unit_test(without_root_all_the_rest_holds),
		cmocka_unit_test(the_log_becomes_the_users_but_never_through_a_link),
		cmocka_unit_test(what_the_kernel_lacks_is_told),
		cmocka_unit_test(without_filters_the_rest_holds),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
