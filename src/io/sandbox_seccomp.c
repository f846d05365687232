#include "io/sandbox_seccomp.h"
#include "io/sandbox_sanitizer.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* A call that is on neither list is answered as by a kernel that does not have it: the C library,
 * libuv and libcurl then fall back to an older one. By name, because libseccomp skips names that
 * this machine's architecture does not have. */
static const char *const allowed[] = {
	/* files: Landlock and permissions say which */
	"access",
	"close",
	"close_range",
	"dup",
	"dup2",
	"dup3",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fcntl",
	"fdatasync",
	"fstat",
	"fstatfs",
	"fsync",
	"ftruncate",
	"getcwd",
	"getdents64",
	"lseek",
	"lstat",
	"newfstatat",
	"open",
	"openat",
	"openat2",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"read",
	"readlink",
	"readlinkat",
	"readv",
	"stat",
	"statfs",
	"statx",
	"umask",
	"write",
	"writev",

	/* the cache: a draft is locked, given its room (fallocate), renamed into place; its times
	 * tell last use and check; what is old goes; what the disk has no room for is in memory
	 * (nothing can be executed from there, as execveat is refused)
	 */
	"fallocate",
	"flock",
	"memfd_create",
	"renameat",
	"renameat2",
	"unlinkat",
	"utimensat",

	/* the network; socket() itself is below */
	"accept",
	"accept4",
	"bind",
	"connect",
	"getpeername",
	"getsockname",
	"getsockopt",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"sendmmsg",
	"sendfile",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	"socketpair",

	/* waiting; io_uring_enter for the ring that newer versions of libuv open with a loop,
	 * before this filter, and end the process over when it does not answer */
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd2",
	"io_uring_enter",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"pselect6",
	"select",

	/* memory */
	"brk",
	"madvise",
	"membarrier",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",

	/* threads: libuv's pool, and libcurl's that look up names, with clone3 where there is one.
	 * A process of its own that they could make instead stays behind this same filter. */
	"arch_prctl",
	"clone",
	"clone3",
	"exit",
	"exit_group",
	"futex",
	"get_robust_list",
	"getcpu",
	"getpid",
	"getppid",
	"gettid",
	"rseq",
	"sched_getaffinity",
	"sched_yield",
	"set_robust_list",
	"set_tid_address",

	/* signals to itself: with tgkill a failed assertion ends the process */
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigtimedwait",
	"sigaltstack",

	/* the time, randomness, and who and where it is */
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"getegid",
	"geteuid",
	"getgid",
	"getrandom",
	"getresgid",
	"getresuid",
	"getrlimit",
	"getrusage",
	"gettimeofday",
	"getuid",
	"nanosleep",
	"sysinfo",
	"time",
	"uname",

#ifdef SANDBOX_HAS_SANITIZER
	"getdents",
	"prctl",
	"wait4",
#endif
};

/* What only an intruder would try. An error and not the end of the process: it achieves no more
 * with the one than with the other, and a library that tries in good faith stops nobody's boot. */
static const char *const refused[] = {
	"acct",
	"add_key",
	"adjtimex",
	"bpf",
	"capset",
	"chmod",
	"chown",
	"chroot",
	"clock_adjtime",
	"clock_settime",
	"delete_module",
	"execve",
	"execveat",
	"fchmod",
	"fchmodat",
	"fchown",
	"fchownat",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"init_module",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"kill",
	"lchown",
	"link",
	"linkat",
	"mknod",
	"mknodat",
	"mount",
	"mount_setattr",
	"move_mount",
	"name_to_handle_at",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"personality",
	"pidfd_getfd",
	"pidfd_open",
	"pidfd_send_signal",
	"pivot_root",
	"process_vm_readv",
	"process_vm_writev",
	"quotactl",
	"reboot",
	"request_key",
	"sethostname",
	"setdomainname",
	"setfsgid",
	"setfsuid",
	"setgid",
	"setgroups",
	"setns",
	"setregid",
	"setresgid",
	"setresuid",
	"setreuid",
	"settimeofday",
	"setuid",
	"swapoff",
	"swapon",
	"symlink",
	"symlinkat",
	"syslog",
	"umount2",
	"unshare",
	"userfaultfd",
#ifndef SANDBOX_HAS_SANITIZER
	"ptrace",
#endif
};

/* Calls whose one argument decides. */
static const struct choice {
	const char *call;
	unsigned argument;
	uint32_t value;
} choices[] = {
	{ "ioctl", 1, FIONBIO },         { "ioctl", 1, FIOCLEX },
	{ "ioctl", 1, FIONREAD },        { "ioctl", 1, TCGETS },
	{ "ioctl", 1, SIOCGIFMTU },      { "ioctl", 1, SIOCGIFNAME },
	{ "ioctl", 1, SIOCGIFINDEX },
#ifdef SANDBOX_HAS_SANITIZER
	{ "ptrace", 0, PTRACE_ATTACH },  { "ptrace", 0, PTRACE_CONT },
	{ "ptrace", 0, PTRACE_DETACH },  { "ptrace", 0, PTRACE_GETREGSET },
	{ "ptrace", 0, PTRACE_KILL },
#ifdef PTRACE_GETREGS
	{ "ptrace", 0, PTRACE_GETREGS },
#endif
#else
	{ "prctl", 0, PR_SET_NAME },
#endif
	{ "prlimit64", 0, 0 }, /* its own */
	{ "socket", 0, AF_INET },        { "socket", 0, AF_INET6 },
	{ "socket", 0, AF_UNIX },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		int error;

		if (number == __NR_SCMP_ERROR)
			continue; /* newer than libseccomp */
		error = seccomp_rule_add(filter, action, number, 0);
		if (error < 0)
			return error;
	}
	return 0;
}

static struct scmp_arg_cmp is_same(unsigned argument, uint32_t value)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value };
}

static int allow_choice(scmp_filter_ctx filter, const struct choice *choice)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(choice->call),
				1, is_same(choice->argument, choice->value));
}

static int add_choices(scmp_filter_ctx filter, bool may_open_packet_sockets)
{
	const struct choice packet = { "socket", 0, AF_PACKET };
	/* The C library's abort: to a thread of this process. */
	const struct choice self = { "tgkill", 0, (uint32_t)getpid() };
	int error = allow_choice(filter, &self);

	for (size_t i = 0; i < COUNT_OF(choices) && error == 0; i++)
		error = allow_choice(filter, &choices[i]);
	if (error == 0 && may_open_packet_sockets)
		error = allow_choice(filter, &packet);
	/* Interfaces and addresses; the rest of netlink is not needed. */
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					 seccomp_syscall_resolve_name("socket"), 2,
					 is_same(0, AF_NETLINK), is_same(2, NETLINK_ROUTE));
	return error;
}

static int build_and_load(scmp_filter_ctx filter, bool may_open_packet_sockets)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (error == 0)
		error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = add_names(filter, SCMP_ACT_ALLOW, allowed, COUNT_OF(allowed));
	if (error == 0)
		error = add_names(filter, SCMP_ACT_ERRNO(EPERM), refused, COUNT_OF(refused));
	if (error == 0)
		error = add_choices(filter, may_open_packet_sockets);
	if (error == 0)
		error = seccomp_load(filter);
	return error;
}

int seccomp_enter(bool may_open_packet_sockets)
{
	scmp_filter_ctx filter;
	int error;

	/* A kernel that has filters looks for one and finds none at NULL. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno != EFAULT)
		return -ENOSYS;
	filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (filter == NULL)
		return -ENOMEM;
	error = build_and_load(filter, may_open_packet_sockets);
	seccomp_release(filter);
	return error;
}
