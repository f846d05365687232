#include "io/sandbox.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "io/sandbox_landlock.h"
#include "io/sandbox_seccomp.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

struct identity {
	uid_t user;
	gid_t group;
};

/* Linux's overflow user, who owns nothing. */
static const struct identity nobody = { 65534, 65534 };

/* The folder has ".", ".." and a name for each thread. */
static bool has_other_threads(void)
{
	DIR *threads = opendir("/proc/self/task");
	int count = 0;

	if (threads == NULL)
		return false;
	while (count <= 3 && readdir(threads) != NULL)
		count++;
	(void)closedir(threads);
	return count > 3;
}

static int find_user(const char *name, struct identity *out_identity)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL)
		return errno == 0 ? -ENOENT : -errno;
	if (entry->pw_uid == 0)
		return -EINVAL;
	*out_identity = (struct identity){ entry->pw_uid, entry->pw_gid };
	return 0;
}

static int choose_user(const struct sandbox_options *options, struct sandbox_report *report,
		       struct identity *out_identity)
{
	const char *name = options->user;
	int error = find_user(name, out_identity);

	if (error == -ENOENT && options->fallback_user != NULL) {
		name = options->fallback_user;
		report->is_fallback = true;
		error = find_user(name, out_identity);
	}
	if (error == 0 && !text_copy(report->user, sizeof(report->user), name))
		return -ENAMETOOLONG;
	return error;
}

/* The name may lie in a folder that somebody else can write to, so no link is followed. */
static int give_file(const char *path, struct identity identity)
{
	CLEANUP(close_fd) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode))
		return 0; /* such as /dev/stderr: nothing to own */
	if (fchownat(fd, "", identity.user, identity.group, AT_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* Takes the descriptor. The folder has ".", ".." and what is in it. */
static bool is_empty(int folder_fd)
{
	DIR *folder = fdopendir(folder_fd);
	int count = 0;

	if (folder == NULL) {
		(void)close(folder_fd);
		return false;
	}
	while (count <= 2 && readdir(folder) != NULL)
		count++;
	(void)closedir(folder);
	return count <= 2;
}

/* Only an empty one: a folder that was named by mistake, such as /var/cache, stays whose it is. */
static int give_folder(const char *path, struct identity identity)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	if (fstat(fd, &info) < 0)
		return -errno;
	if (info.st_uid != 0 || !is_empty(dup(fd)))
		return 0;
	return fchown(fd, identity.user, identity.group) < 0 ? -errno : 0;
}

static int give_files(const struct sandbox_options *options, struct identity identity)
{
	int error = 0;

	for (size_t i = 0; i < options->owned_count && error == 0; i++)
		error = give_file(options->owned_files[i], identity);
	for (size_t i = 0; i < options->own_folder_count && error == 0; i++)
		error = give_folder(options->own_folders[i], identity);
	return error;
}

/* Returns 0 or -errno. libcap-ng has numbers of its own for what failed; errno says why. */
static int drop_privileges(const struct sandbox_report *report, const struct identity *identity)
{
	capng_flags_t flags = CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_AMBIENT;
	int error;

	/* A container may withhold it; without new privileges the bounding set bounds nothing. */
	if (capng_have_capability(CAPNG_PERMITTED, CAP_SETPCAP) == 1)
		flags |= CAPNG_CLEAR_BOUNDING;
	capng_clear(CAPNG_SELECT_BOTH);
	if (report->has_net_raw)
		(void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
	errno = 0;
	if (identity != NULL)
		error = capng_change_id((int)identity->user, (int)identity->group, flags);
	else
		error = capng_apply(CAPNG_SELECT_CAPS);
	if (error == 0)
		return 0;
	return errno == 0 ? -EPERM : -errno;
}

static int become_user(const struct sandbox_options *options, struct sandbox_report *report)
{
	struct identity identity = nobody;
	int error;

	if (geteuid() != 0) {
		report->step = SANDBOX_DROPPING_PRIVILEGES;
		return drop_privileges(report, NULL);
	}
	report->step = SANDBOX_FINDING_USER;
	error = choose_user(options, report, &identity);
	if (error < 0)
		return error;
	report->step = SANDBOX_GIVING_FILES;
	error = give_files(options, identity);
	if (error < 0)
		return error;
	report->step = SANDBOX_DROPPING_PRIVILEGES;
	return drop_privileges(report, &identity);
}

static int enter_seccomp(const struct sandbox_options *options, struct sandbox_report *report)
{
	int error = seccomp_enter(options->keeps_net_raw);

	if (error == -ENOSYS && report->lack_count < SANDBOX_LACKS_MAX) {
		report->lacks[report->lack_count++] =
			"seccomp filters: system calls are not limited";
		return 0;
	}
	report->has_seccomp = error == 0;
	return error;
}

/* The paths are looked up with all rights, before the user's apply. */
int sandbox_enter(const struct sandbox_options *options, struct sandbox_report *out_report)
{
	CLEANUP(close_fd) int landlock_fd = -1;
	struct sandbox_report *report = out_report;
	int error;

	*report = (struct sandbox_report){ .step = SANDBOX_COUNTING_THREADS };
	if (has_other_threads())
		return -EBUSY;
	report->step = SANDBOX_GATHERING_PATHS;
	error = landlock_prepare(options, report, &landlock_fd);
	if (error < 0)
		return error;
	report->has_net_raw =
		options->keeps_net_raw && capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW) == 1;
	error = become_user(options, report);
	if (error < 0)
		return error;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	report->step = SANDBOX_ENTERING_LANDLOCK;
	error = landlock_fd < 0 ? 0 : landlock_enforce(landlock_fd);
	if (error < 0)
		return error;
	report->step = SANDBOX_LOADING_FILTER;
	return enter_seccomp(options, report);
}

static void append(char *out, size_t size, const char *format, const char *word)
{
	size_t used = strlen(out);

	(void)text_format(out + used, size - used, format, word);
}

void sandbox_format(const struct sandbox_options *options, const struct sandbox_report *report,
		    char *out, size_t size)
{
	char abi[32];

	out[0] = '\0';
	if (report->user[0] != '\0')
		append(out, size, "user %s", report->user);
	else
		append(out, size, "%s", "user unchanged, as only root can become another");
	if (report->is_fallback)
		append(out, size, " (there is no user %s)", options->user);
	append(out, size, ", %s", report->has_net_raw ? "only CAP_NET_RAW" : "no capabilities");
	append(out, size, "%s", ", no new privileges");
	(void)text_format(abi, sizeof(abi), "%d", report->landlock_abi);
	if (report->landlock_abi > 0)
		append(out, size, ", Landlock ABI %s", abi);
	if (report->has_seccomp)
		append(out, size, "%s", ", seccomp");
	for (size_t i = 0; i < report->lack_count; i++)
		append(out, size, i == 0 ? "; this kernel lacks %s" : ", %s", report->lacks[i]);
}

void sandbox_explain(const struct sandbox_options *options, const struct sandbox_report *report,
		     int error, char *out, size_t size)
{
	static const char *const steps[] = {
		[SANDBOX_COUNTING_THREADS] = "threads run already, which is a mistake in bootd",
		[SANDBOX_GATHERING_PATHS] = "a path cannot be opened for Landlock",
		[SANDBOX_FINDING_USER] = "the users cannot be looked up",
		[SANDBOX_GIVING_FILES] = "a file or folder cannot be given to the user",
		[SANDBOX_DROPPING_PRIVILEGES] = "privileges cannot be given up",
		[SANDBOX_ENTERING_LANDLOCK] = "Landlock refuses its rules",
		[SANDBOX_LOADING_FILTER] = "the seccomp filter cannot be loaded",
	};

	if (report->step == SANDBOX_FINDING_USER && error == -ENOENT)
		(void)text_format(out, size,
				  "there is no user %s on this machine: 'useradd --system %s' as "
				  "root makes one, or name another",
				  options->user, options->user);
	else if (report->step == SANDBOX_FINDING_USER && error == -EINVAL)
		(void)text_format(out, size,
				  "%s is root, who could undo it all: name a user without rights",
				  options->user);
	else
		(void)text_format(out, size, "bootd cannot confine itself: %s: %s",
				  steps[report->step], strerrordesc_np(-error));
}
