#include "dhcp/pxe_wire.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNTOUCHED 4711

/* The message borrows *out_bytes, which the caller frees. */
static struct dhcp_message message_of(const char *options, struct span *out_bytes)
{
	struct dhcp_message message;

	print_message("%s\n", options);
	*out_bytes = packet_bytes(&(struct packet){ .options = options });
	assert_int_equal(dhcp_decode(*out_bytes, &message), DHCP_DROP_NONE);
	return message;
}

/* UNTOUCHED: the message tells no architecture. */
static const struct {
	const char *options;
	uint16_t architecture;
} architectures[] = {
	{ "93=0000", 0 },
	{ "93=0007", 7 },
	{ "93=ffff", 65535 },
	{ "93=00070009", 7 }, /* a list: the first is meant */
	{ "93=000700", 7 },   /* an odd length */
	{ "93=0007 60='PXEClient:Arch:00000:UNDI:002001'", 7 },
	{ "93=07 60='PXEClient:Arch:00009:UNDI:002001'", 9 }, /* option 93 is too short */
	{ "93= 60='PXEClient:Arch:00009:UNDI:002001'", 9 },
	{ "93=07", UNTOUCHED },
	{ "93=", UNTOUCHED },
	{ "", UNTOUCHED },
	{ "60='PXEClient:Arch:00007:UNDI:003016'", 7 },
	{ "60='HTTPClient:Arch:00016:UNDI:003001'", 16 },
	{ "60='PXEClient:Arch:00007'", 7 },
	{ "60='PXEClient:Arch:65535:UNDI:003016'", 65535 },
	{ "60='PXEClient:Arch:65536:UNDI:003016'", UNTOUCHED },
	{ "60='PXEClient:Arch:99999:UNDI:003016'", UNTOUCHED },
	{ "60='PXEClient:Arch:0007:UNDI:003016'", UNTOUCHED },
	{ "60='PXEClient:Arch:0000x:UNDI:003016'", UNTOUCHED },
	{ "60='PXEClient:Arch:-0001:UNDI:003016'", UNTOUCHED },
	{ "60='PXEClient:Arch:0000'", UNTOUCHED },
	{ "60='PXEClient:Arch:'", UNTOUCHED },
	{ "60='PXEClient:Arch'", UNTOUCHED },
	{ "60='PXEClient'", UNTOUCHED },
	{ "60=", UNTOUCHED },
	{ "60='MSFT 5.0'", UNTOUCHED },
	{ "60=255*41", UNTOUCHED },
};

static void lists_the_architectures(void **state)
{
	static const struct {
		const char *options;
		size_t count;
		uint16_t expected[3];
	} lists[] = {
		{ "93=0007", 1, { 7 } },
		{ "93=00070009", 2, { 7, 9 } },
		{ "93=002900070009000b", 3, { 41, 7, 9 } }, /* as many as there is room for */
		{ "93=000700", 1, { 7 } },
		{ "93=07 60='PXEClient:Arch:00009:UNDI:002001'", 1, { 9 } },
		{ "60='PXEClient:Arch:00011:UNDI:002001'", 1, { 11 } },
		{ "", 0, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct span bytes;
		struct dhcp_message message = message_of(lists[i].options, &bytes);
		uint16_t list[3];

		assert_int_equal(pxe_architectures(&message, list, 3), lists[i].count);
		assert_memory_equal(list, lists[i].expected, lists[i].count * sizeof(list[0]));
		bytes_free(bytes);
	}
}

static void finds_the_boot_item(void **state)
{
	static const struct {
		const char *options;
		bool is_one;
		struct pxe_item expected;
	} items[] = {
		{ "43=470480000000ff", true, { 0x8000, 0 } },
		{ "43=470480028001", true, { 0x8002, 0x8001 } }, /* without an end */
		{ "43=0000060103470400010002", true, { 1, 2 } }, /* behind others, and PADs */
		{ "43=ff470480000000", false, { 0, 0 } },
		{ "43=47058000000000", false, { 0, 0 } },
		{ "43=47048000", false, { 0, 0 } },
		{ "43=47", false, { 0, 0 } },
		{ "43=", false, { 0, 0 } },
		{ "", false, { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		struct span bytes;
		struct dhcp_message message = message_of(items[i].options, &bytes);
		struct pxe_item item = { 0 };

		assert_int_equal(pxe_boot_item(&message, &item), items[i].is_one);
		assert_int_equal(item.type, items[i].expected.type);
		assert_int_equal(item.layer, items[i].expected.layer);
		bytes_free(bytes);
	}
}

static void finds_the_architecture(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(architectures); i++) {
		uint16_t architecture = UNTOUCHED;
		struct span bytes;
		struct dhcp_message message = message_of(architectures[i].options, &bytes);

		assert_int_equal(pxe_architecture(&message, &architecture),
				 architectures[i].architecture != UNTOUCHED);
		assert_int_equal(architecture, architectures[i].architecture);
		bytes_free(bytes);
	}
}

static const struct {
	const char *options;
	bool is_identity;
} uuids[] = {
	{ "97=00a1774d560201044385060708090a0101", true },
	{ "97=0000000000000000000000000000000001", true },
	{ "97=00ffffffffffffffffffffffffffffff00", true },
	{ "97=00abcdef01abcdef01abcdef01abcdef02", true },
	{ "97=0000000000000000000000000000000000", false }, /* nobody has filled it in */
	{ "97=00ffffffffffffffffffffffffffffffff", false },
	{ "97=00abcdef01abcdef01abcdef01abcdef01", false }, /* a Raspberry Pi's serial number */
	{ "97=01a1774d560201044385060708090a0101", false }, /* type 1 is not defined */
	{ "97=a1774d560201044385060708090a0101", false },   /* without the type octet */
	{ "97=00a1774d560201044385060708090a010101", false },
	{ "97=00", false },
	{ "97=", false },
	{ "", false },
	{ "97=255*ab", false },
};

static void an_uuid_that_names_no_machine_is_none(void **state)
{
	static const struct uuid untouched = { { 1, 2, 3 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(uuids); i++) {
		struct uuid uuid = untouched;
		struct span bytes;
		struct dhcp_message message = message_of(uuids[i].options, &bytes);

		assert_int_equal(pxe_uuid(&message, &uuid), uuids[i].is_identity);
		if (uuids[i].is_identity)
			assert_memory_equal(uuid.bytes,
					    dhcp_option(&message, OPTION_MACHINE_UUID).bytes + 1,
					    sizeof(uuid.bytes));
		else
			assert_memory_equal(&uuid, &untouched, sizeof(uuid));
		bytes_free(bytes);
	}
}

static const struct {
	const char *options;
	bool is_ipxe;
} user_classes[] = {
	{ "77='iPXE'", true },             /* the bare text, as iPXE sends it */
	{ "77=0469505845", true },         /* as RFC 3004 wants it: a length before each class */
	{ "77=036162630469505845", true }, /* the second of two classes */
	{ "77=046950584503616263", true },
	{ "77=000469505845", true }, /* a class of no octets before it */
	{ "77='ipxe'", false },
	{ "77='iPXE2'", false },
	{ "77='iPX'", false },
	{ "77=0369505845", false },   /* the class is "iPX" */
	{ "77=056950584532", false }, /* the class is "iPXE2" */
	{ "77=04695058", false },     /* the class runs past the end */
	{ "77=ff69505845", false },
	{ "77=04", false },
	{ "77=000000", false },
	{ "77='gPXE'", false },
	{ "77=", false },
	{ "", false },
	{ "60='iPXE'", false },
	/* FlexBoot's and others', which have no user class: by what option 175 tells. */
	{ "175=eb03010000", true },
	{ "175=b105011af41000130101", true },
	{ "175=b105011af41000", false }, /* the bus alone */
	{ "175=13", false },
	{ "175=130501", false },
	{ "175=ff130101", false },
	{ "175=000000130101", true },
	{ "175=", false },
	{ "77='gPXE' 175=eb03000907130101", false },
	{ "77='' 175=130101", false },
};

static void finds_ipxe_in_the_user_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(user_classes); i++) {
		struct span bytes;
		struct dhcp_message message = message_of(user_classes[i].options, &bytes);

		assert_int_equal(pxe_is_ipxe(&message), user_classes[i].is_ipxe);
		bytes_free(bytes);
	}
}

static void knows_an_ipxe_without_http(void **state)
{
	static const struct {
		const char *options;
		bool lacks;
	} features[] = {
		{ "175=130101", false },
		{ "175=150101240101", true },
		{ "175=150101130101", false },
		{ "175=eb03010000", false },
		{ "175=eb03010000150101", true },
		{ "", false },
		{ "175=1501", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(features); i++) {
		struct span bytes;
		struct dhcp_message message = message_of(features[i].options, &bytes);

		print_message("%s\n", features[i].options);
		assert_int_equal(pxe_lacks_http(&message), features[i].lacks);
		bytes_free(bytes);
	}
}

static const struct {
	const char *options;
	const char *start;
	bool has;
} vendor_classes[] = {
	{ "60='PXEClient'", "PXEClient", true },
	{ "60='PXEClient:Arch:00000:UNDI:002001'", "PXEClient", true },
	{ "60='PXEClien'", "PXEClient", false },
	{ "60='pxeclient'", "PXEClient", false },
	{ "60='xPXEClient'", "PXEClient", false },
	{ "60='U-Boot.armv8'", "U-Boot", true },
	{ "60=", "PXEClient", false },
	{ "", "PXEClient", false },
	{ "77='PXEClient'", "PXEClient", false },
};

static void compares_how_the_vendor_class_begins(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vendor_classes); i++) {
		struct span bytes;
		struct dhcp_message message = message_of(vendor_classes[i].options, &bytes);

		assert_int_equal(pxe_has_vendor_class(&message, vendor_classes[i].start),
				 vendor_classes[i].has);
		bytes_free(bytes);
	}
}

#define SERVER                                                                                     \
	{                                                                                          \
		0xc0a84d01                                                                         \
	}

static const struct pxe_menu_item two[] = { { 0x8000, "One" }, { PXE_ITEM_LOCAL, "Disk" } };

/* PXE 2.1, table 2-1. */
static void writes_what_option_43_says(void **state)
{
	static const struct {
		const char *what;
		struct pxe_vendor vendor;
		const char *expected;
	} cases[] = {
		{ "nothing", { 0 }, "ff" },
		{ "only the boot file",
		  { .has_discovery_control = true, .discovery_control = PXE_USE_BOOT_FILE },
		  "060108ff" },
		{ "a menu",
		  { .has_discovery_control = true,
		    .discovery_control = PXE_NO_BROADCAST | PXE_NO_MULTICAST,
		    .items = two,
		    .item_count = 2,
		    .prompt = "F8",
		    .timeout_s = 255,
		    .server = SERVER },
		  "060103"
		  "0a03ff4638"
		  "0807800001c0a84d01"
		  "090d8000034f6e650000044469736b"
		  "ff" },
		{ "a menu without servers",
		  { .items = two + 1, .item_count = 1, .prompt = "" },
		  "0a0100"
		  "09070000044469736b"
		  "ff" },
		{ "an entry", { .has_item = true, .item = { 0x8002, 1 } }, "470480020001ff" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct span expected = bytes_of_hex(cases[i].expected);
		uint8_t bytes[64];
		struct writer out = writer_of(bytes, expected.length);

		print_message("%s\n", cases[i].what);
		pxe_write_vendor(&out, &cases[i].vendor);
		assert_false(out.is_failed);
		assert_int_equal(out.used, expected.length);
		assert_memory_equal(bytes, expected.bytes, expected.length);
		/* With an octet less, it fails and says so. */
		out = writer_of(bytes, expected.length - 1);
		pxe_write_vendor(&out, &cases[i].vendor);
		assert_true(out.is_failed);
		bytes_free(expected);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_architecture),
		cmocka_unit_test(lists_the_architectures),
		cmocka_unit_test(finds_the_boot_item),
		cmocka_unit_test(writes_what_option_43_says),
		cmocka_unit_test(an_uuid_that_names_no_machine_is_none),
		cmocka_unit_test(finds_ipxe_in_the_user_class),
		cmocka_unit_test(knows_an_ipxe_without_http),
		cmocka_unit_test(compares_how_the_vendor_class_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
