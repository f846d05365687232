#include "io/sandbox_landlock.h"
#include "base/cleanup.h"
#include "io/sandbox_sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What newer kernels have than the headers that this may be built with. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL               (1ULL << 1)
#endif

#define ABI_1_RIGHTS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* struct landlock_ruleset_attr as of ABI 6. An older kernel takes it as long as it knows all that
 * is not 0. */
struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

/* Each ABI limits more. The rights are handled, which means denied where no rule grants them. */
static const struct stage {
	int abi;
	struct ruleset handled;
	const char *lack; /* what is not limited before */
} stages[] = {
	{ 1,
	  { .files = ABI_1_RIGHTS },
	  "Landlock (Linux 5.13): file permissions alone limit what is opened" },
	{ 2, { .files = LANDLOCK_ACCESS_FS_REFER }, NULL }, /* ABI 1 denies it always */
	{ 3,
	  { .files = LANDLOCK_ACCESS_FS_TRUNCATE },
	  "Landlock for cutting files short (Linux 6.2)" },
	{ 4,
	  { .network = LANDLOCK_ACCESS_NET_BIND_TCP },
	  "Landlock for listening on TCP (Linux 6.7)" },
	{ 5,
	  { .files = LANDLOCK_ACCESS_FS_IOCTL_DEV },
	  "Landlock for control of devices (Linux 6.10)" },
	{ 6,
	  { .scopes = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL },
	  "Landlock for signals and abstract sockets (Linux 6.12)" },
};

#define STAGE_COUNT (sizeof(stages) / sizeof(stages[0]))

#define RIGHTS_OF_FILES   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define RIGHTS_TO_READ    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_TO_REPLACE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)

/* A rule holds for the file that is there now, and /etc's files are replaced as the network
 * changes: so the folder is named, whose secrets its permissions keep. */
static const char *const system_paths[] = {
	"/dev/null",
	"/dev/urandom",
	"/etc",
	"/lib",
	"/run/NetworkManager",
	"/run/resolvconf",
	"/run/systemd/resolve",
	"/usr/lib",
	"/usr/local/share/ca-certificates",
	"/usr/share/ca-certificates",
	"/usr/share/p11-kit",
	"/usr/share/zoneinfo",
#ifdef SANDBOX_HAS_SANITIZER
	"/proc",
#endif
};

static int probe_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi; /* ENOSYS: not built in; EOPNOTSUPP: not enabled */
}

static struct ruleset choose_ruleset(struct sandbox_report *report)
{
	struct ruleset chosen = { 0 };

	for (size_t i = 0; i < STAGE_COUNT; i++) {
		const struct stage *stage = &stages[i];

		if (stage->abi <= report->landlock_abi) {
			chosen.files |= stage->handled.files;
			chosen.network |= stage->handled.network;
			chosen.scopes |= stage->handled.scopes;
		} else if (stage->lack != NULL && report->lack_count < SANDBOX_LACKS_MAX) {
			report->lacks[report->lack_count++] = stage->lack;
		}
		if (report->landlock_abi == 0)
			break;
	}
	return chosen;
}

static int add_path(int ruleset_fd, const char *path, uint64_t rights)
{
	CLEANUP(close_fd) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd, .allowed_access = rights };
	struct stat info;

	/* What is not there, or cannot be reached now, cannot be opened later either. */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISDIR(info.st_mode))
		rule.allowed_access &= RIGHTS_OF_FILES | LANDLOCK_ACCESS_FS_TRUNCATE;
	if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

static int add_paths(int ruleset_fd, const char *const *paths, size_t count, uint64_t rights)
{
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++)
		error = add_path(ruleset_fd, paths[i], rights);
	return error;
}

int landlock_prepare(const struct sandbox_options *options, struct sandbox_report *report,
		     int *out_fd)
{
	uint64_t to_write = RIGHTS_TO_READ | RIGHTS_TO_REPLACE | LANDLOCK_ACCESS_FS_TRUNCATE;
	CLEANUP(close_fd) int fd = -1;
	struct ruleset ruleset;
	int error;

	report->landlock_abi = probe_abi();
	ruleset = choose_ruleset(report);
	if (report->landlock_abi == 0) {
		*out_fd = -1;
		return 0;
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return -errno;
	error = add_paths(fd, system_paths, sizeof(system_paths) / sizeof(system_paths[0]),
			  RIGHTS_TO_READ);
	if (error == 0)
		error = add_paths(fd, options->read_paths, options->read_count, RIGHTS_TO_READ);
	if (error == 0)
		error = add_paths(fd, options->write_paths, options->write_count,
				  to_write & ruleset.files);
	if (error == 0)
		error = add_paths(fd, options->own_folders, options->own_folder_count,
				  (to_write | LANDLOCK_ACCESS_FS_REMOVE_FILE) & ruleset.files);
	if (error < 0)
		return error;
	*out_fd = take_fd(&fd);
	return 0;
}

int landlock_enforce(int fd)
{
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}
