#include "cli/explain_file.h"
#include "base/text.h"
#include "boot/architecture.h"
#include "config/config.h"
#include "content/path.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define SHOWN_SIZE 512

static const char *set_mac(struct content_asker *asker, const char *text)
{
	struct mac mac;

	if (!mac_parse(text, &mac))
		return "--mac takes an address such as 52-54-00-12-34-56";
	asker->mac = mac_format(mac);
	return NULL;
}

static const char *set_ip(struct content_asker *asker, const char *text)
{
	struct ip address;

	if (!ip_parse(text, &address))
		return "--ip takes an address such as 192.168.1.10";
	asker->ip = ip_format(address);
	return NULL;
}

/* As the log prints it, in small letters. */
static const char *set_uuid(struct content_asker *asker, const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	struct uuid_text uuid = { 0 };

	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		unsigned char character = (unsigned char)text[i];

		if (form[i] == 'x' ? isxdigit(character) == 0 : text[i] != '-')
			return "--uuid takes 32 hexadecimal digits such as "
			       "564d0102-0304-0506-0708-090a0b0c0d0e";
		uuid.text[i] = (char)tolower(character);
	}
	if (text[sizeof(form) - 1] != '\0')
		return "--uuid takes 32 hexadecimal digits, and this is longer";
	asker->uuid = uuid;
	return NULL;
}

static const char *set_architecture(struct content_asker *asker, const char *text)
{
	uint16_t architecture;

	if (!architecture_parse(text, &architecture))
		return "--arch takes a name or number as in [bootfile], such as x64-uefi";
	architecture_format(architecture, asker->arch, sizeof(asker->arch));
	return NULL;
}

const char *file_question_set(struct file_question *question, enum asker_field field,
			      const char *text)
{
	switch (field) {
	case ASKER_MAC:
		return set_mac(&question->asker, text);
	case ASKER_IP:
		return set_ip(&question->asker, text);
	case ASKER_UUID:
		return set_uuid(&question->asker, text);
	case ASKER_ARCH:
		break;
	}
	return set_architecture(&question->asker, text);
}

/* While the file is being opened. */
struct explanation {
	struct loop *loop;
	const struct config *config;
	const struct file_question *question;
	FILE *out;
	bool is_served;
};

/* The row of [filters] that stands on this line. */
static const struct filter_rule *get_rule(const struct filter_rules *rules, unsigned line)
{
	size_t i = 0;

	while (rules->list[i].line != line)
		i++;
	return &rules->list[i];
}

static void print_filter(const struct explanation *explanation, unsigned line)
{
	const struct config *config = explanation->config;
	const struct filter_rule *rule;

	if (line == 0) {
		(void)fputs("filter  none matches\n", explanation->out);
		return;
	}
	rule = get_rule(&config->filters, line);
	(void)fprintf(explanation->out, "filter  %s:%u: %s = %s%s%s\n", config->path, line,
		      rule->pattern, rule->is_from_file ? "[" : "", rule->replacement,
		      rule->is_from_file ? "]" : "");
}

/* The path of a name that no row translates. */
static void print_untranslated(const struct explanation *explanation)
{
	const char *name = explanation->question->name;
	char path[PATH_SIZE];
	char shown[SHOWN_SIZE];
	enum path_refusal refusal;

	if (!path_clean((struct span){ (const uint8_t *)name, strlen(name) }, path, &refusal))
		return;
	text_escape(shown, sizeof(shown), (struct span){ (const uint8_t *)path, strlen(path) });
	(void)fprintf(explanation->out, "file    %s/%s\n", explanation->config->tftp.root, shown);
}

static void on_open(void *context, const struct content_answer *answer)
{
	struct explanation *explanation = context;

	print_filter(explanation, answer->filter_line);
	if (answer->translated_path[0] != '\0')
		(void)fprintf(explanation->out, "file    %s\n", answer->translated_path);
	else if (answer->filter_line == 0)
		print_untranslated(explanation);
	explanation->is_served = answer->refusal == CONTENT_OK;
	if (explanation->is_served)
		(void)fprintf(explanation->out, "served  yes, %" PRIu64 " bytes\n",
			      source_status(answer->source).size_bytes);
	else
		(void)fprintf(explanation->out, "served  no: %s\n", answer->sentence);
	source_close(answer->source);
	loop_stop(explanation->loop);
}

bool explain_file(struct loop *loop, struct content *content, const struct config *config,
		  const struct file_question *question, FILE *out)
{
	struct explanation explanation = {
		.loop = loop, .config = config, .question = question, .out = out
	};
	struct span name = { (const uint8_t *)question->name, strlen(question->name) };
	char shown[SHOWN_SIZE];

	text_escape(shown, sizeof(shown), name);
	(void)fprintf(out, "name    %s\n", shown);
	if (!config->bootp.may_unknown_read_files)
		(void)fputs(
			"access  only machines that bootd knows: [bootp] access_files = known\n",
			out);
	if (content_open(content, loop, name, &question->asker, on_open, &explanation) < 0) {
		(void)fputs("served  no: there is not enough memory\n", out);
		return false;
	}
	loop_run(loop);
	return explanation.is_served;
}
