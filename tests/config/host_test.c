#include "config/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct host_config by_mac = { .has_mac = true, .mac = { { 2, 0, 0, 0, 0, 1 } } };
static const struct host_config other_mac = { .has_mac = true, .mac = { { 2, 0, 0, 0, 0, 9 } } };
static const struct host_config by_uuid = {
	.has_uuid = true,
	.uuid = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
};
/* Whose other order is the one that sorts first. */
static const struct host_config other_uuid = {
	.has_uuid = true,
	.uuid = { { 9, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
};
static const struct host_config by_client_id = { .client_id_length = 3, .client_id = "foo" };
static const struct host_config longer_client_id = { .client_id_length = 4, .client_id = "foot" };

/* Each in its order. */
static const struct host_config *mac_list[] = { &by_mac, &other_mac };
static const struct host_config *uuid_list[] = { &by_uuid, &other_uuid };
static const struct host_config *client_id_list[] = { &by_client_id, &longer_client_id };

static const struct hosts hosts = {
	.by_mac = mac_list,
	.by_mac_count = COUNT(mac_list),
	.by_uuid = uuid_list,
	.by_uuid_count = COUNT(uuid_list),
	.by_client_id = client_id_list,
	.by_client_id_count = COUNT(client_id_list),
};

static const struct host_config *find(struct mac mac, const struct uuid *uuid, const char *id,
				      size_t length)
{
	return host_find(&hosts, &mac, uuid, (struct span){ (const uint8_t *)id, length });
}

static void the_lists_are_in_their_order(void **state)
{
	(void)state;
	assert_true(host_mac_order(&mac_list[0], &mac_list[1]) < 0);
	assert_true(host_uuid_order(&uuid_list[0], &uuid_list[1]) < 0);
	assert_true(host_client_id_order(&client_id_list[0], &client_id_list[1]) < 0);
}

static void each_identity_finds_its_host(void **state)
{
	static const struct mac nobody = { { 2, 0, 0, 0, 0, 7 } };
	struct uuid turned = { { 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16 } };
	struct uuid stranger = { { 0 } };

	(void)state;
	assert_ptr_equal(find(by_mac.mac, NULL, NULL, 0), &by_mac);
	assert_ptr_equal(find(other_mac.mac, &stranger, "x", 1), &other_mac);
	assert_null(find(nobody, NULL, NULL, 0));
	assert_ptr_equal(find(nobody, &by_uuid.uuid, NULL, 0), &by_uuid);
	assert_ptr_equal(find(nobody, &turned, NULL, 0), &by_uuid);
	assert_ptr_equal(find(nobody, &other_uuid.uuid, NULL, 0), &other_uuid);
	turned = uuid_other_order(other_uuid.uuid);
	assert_ptr_equal(find(nobody, &turned, NULL, 0), &other_uuid);
	assert_ptr_equal(find(nobody, NULL, "foo", 3), &by_client_id);
	assert_ptr_equal(find(nobody, NULL, "foot", 4), &longer_client_id);
	assert_null(find(nobody, NULL, "fo", 2));
	assert_null(find(nobody, &stranger, "foots", 5));
}

static void the_client_identifier_counts_before_the_uuid_before_the_mac(void **state)
{
	(void)state;
	assert_ptr_equal(find(by_mac.mac, &by_uuid.uuid, "foo", 3), &by_client_id);
	assert_ptr_equal(find(by_mac.mac, &by_uuid.uuid, "bar", 3), &by_uuid);
	assert_ptr_equal(find(by_mac.mac, &by_uuid.uuid, NULL, 0), &by_uuid);
}

static void an_identifier_longer_than_any_finds_nothing(void **state)
{
	static const char longest[255] = "foo";

	(void)state;
	assert_null(find((struct mac){ { 0 } }, NULL, longest, sizeof(longest)));
}

static void without_hosts_nobody_is_found(void **state)
{
	static const struct hosts none = { 0 };

	(void)state;
	assert_null(host_find(&none, &by_mac.mac, &by_uuid.uuid,
			      (struct span){ (const uint8_t *)"foo", 3 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lists_are_in_their_order),
		cmocka_unit_test(each_identity_finds_its_host),
		cmocka_unit_test(the_client_identifier_counts_before_the_uuid_before_the_mac),
		cmocka_unit_test(an_identifier_longer_than_any_finds_nothing),
		cmocka_unit_test(without_hosts_nobody_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
