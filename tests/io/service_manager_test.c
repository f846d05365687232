#include "io/service_manager.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = P_tmpdir "/bootd-manager-test-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/notify", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* A socket as the service manager has it; '@' stands for the NUL of an abstract name. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void receive(int fd, char *out, size_t size)
{
	ssize_t length = recv(fd, out, size - 1, MSG_DONTWAIT);

	assert_true(length >= 0);
	out[length] = '\0';
}

static uint64_t now_us(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void check_conversation(int fd)
{
	static const char head[] = "RELOADING=1\nMONOTONIC_USEC=";
	struct service_manager manager;
	uint64_t before = now_us();
	uint64_t told;
	char text[128];
	char *end;

	assert_int_equal(service_manager_open(&manager), 0);
	assert_int_equal(service_manager_tell_ready(&manager), 0);
	receive(fd, text, sizeof(text));
	assert_string_equal(text, "READY=1");
	assert_int_equal(service_manager_tell_reloading(&manager), 0);
	receive(fd, text, sizeof(text));
	assert_memory_equal(text, head, strlen(head));
	told = strtoull(text + strlen(head), &end, 10);
	assert_string_equal(end, "");
	assert_true(told >= before && told <= now_us());
	assert_int_equal(service_manager_tell_status(&manager, "all is well"), 0);
	receive(fd, text, sizeof(text));
	assert_string_equal(text, "STATUS=all is well");
	assert_int_equal(service_manager_tell_stopping(&manager), 0);
	receive(fd, text, sizeof(text));
	assert_string_equal(text, "STOPPING=1");
	service_manager_close(&manager);
	assert_int_equal(manager.fd, -1);
}

static void a_manager_at_a_path_is_told(void **state)
{
	int fd = listen_at(path);

	(void)state;
	check_conversation(fd);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
}

static void a_manager_with_an_abstract_name_is_told(void **state)
{
	char name[64];
	int fd;

	(void)state;
	(void)snprintf(name, sizeof(name), "@bootd-manager-test-%d", getpid());
	fd = listen_at(name);
	check_conversation(fd);
	assert_int_equal(close(fd), 0);
}

static void without_a_manager_nothing_happens(void **state)
{
	struct service_manager manager;

	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(service_manager_open(&manager), 0);
	assert_int_equal(manager.fd, -1);
	assert_int_equal(service_manager_tell_ready(&manager), 0);
	assert_int_equal(service_manager_tell_reloading(&manager), 0);
	assert_int_equal(service_manager_tell_stopping(&manager), 0);
	assert_int_equal(service_manager_tell_status(&manager, "all is well"), 0);
	service_manager_close(&manager);
}

static void a_manager_out_of_reach_is_an_error(void **state)
{
	struct service_manager manager = { .fd = -7 };
	char name[200];

	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	assert_int_equal(service_manager_open(&manager), -ENOENT);
	assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:2:1234", 1), 0);
	assert_int_equal(service_manager_open(&manager), -EAFNOSUPPORT);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(service_manager_open(&manager), -ENAMETOOLONG);
	assert_int_equal(manager.fd, -7);
}

static void a_manager_that_went_away_is_an_error(void **state)
{
	struct service_manager manager;
	int fd = listen_at(path);

	(void)state;
	assert_int_equal(service_manager_open(&manager), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(service_manager_tell_ready(&manager), -ECONNREFUSED);
	service_manager_close(&manager);
}

static void a_manager_that_does_not_read_costs_no_more_than_a_while(void **state)
{
	struct service_manager manager;
	int fd = listen_at(path);
	int error = 0;

	(void)state;
	assert_int_equal(service_manager_open(&manager), 0);
	for (int i = 0; i < 100000 && error == 0; i++)
		error = service_manager_tell_ready(&manager);
	assert_int_equal(error, -EAGAIN);
	service_manager_close(&manager);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manager_at_a_path_is_told),
		cmocka_unit_test(a_manager_with_an_abstract_name_is_told),
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(a_manager_out_of_reach_is_an_error),
		cmocka_unit_test(a_manager_that_went_away_is_an_error),
		cmocka_unit_test(a_manager_that_does_not_read_costs_no_more_than_a_while),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
