#include "content/path.h"

/* The path so far: components joined by '/'. */
struct path {
	char text[PATH_SIZE];
	size_t length;
};

static bool is_control(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7f;
}

static bool is_separator(uint8_t byte)
{
	return byte == '/' || byte == '\\';
}

static struct span cut_tail(struct span name)
{
	while (name.length > 0 &&
	       (name.bytes[name.length - 1] == 0xff || is_control(name.bytes[name.length - 1])))
		name.length--;
	return name;
}

static bool has_control(struct span name)
{
	for (size_t i = 0; i < name.length; i++) {
		if (is_control(name.bytes[i]))
			return true;
	}
	return false;
}

/* The bytes up to the next separator, which is read over. */
static struct span next_component(struct reader *in)
{
	size_t length = 0;
	struct span component;

	while (length < in->left && !is_separator(in->at[length]))
		length++;
	component = read_span(in, length);
	if (in->left > 0)
		(void)read_u8(in);
	return component;
}

static bool is_dots(struct span component, size_t count)
{
	return component.length == count && memcmp(component.bytes, "..", count) == 0;
}

static bool append(struct path *path, struct span component)
{
	size_t joint = path->length > 0 ? 1 : 0;

	if (component.length > PATH_COMPONENT_MAX ||
	    path->length + joint + component.length >= sizeof(path->text))
		return false;
	if (joint > 0)
		path->text[path->length] = '/';
	memcpy(path->text + path->length + joint, component.bytes, component.length);
	path->length += joint + component.length;
	return true;
}

static bool drop_last(struct path *path)
{
	if (path->length == 0)
		return false;
	do {
		path->length--;
	} while (path->length > 0 && path->text[path->length] != '/');
	return true;
}

static bool refuse(enum path_refusal refusal, enum path_refusal *out_refusal)
{
	*out_refusal = refusal;
	return false;
}

bool path_clean(struct span name, char out_path[PATH_SIZE], enum path_refusal *out_refusal)
{
	struct reader in = reader_of(cut_tail(name));
	struct path path = { .length = 0 };

	if (has_control((struct span){ in.at, in.left }))
		return refuse(PATH_BAD_CHARACTER, out_refusal);
	while (in.left > 0) {
		struct span component = next_component(&in);

		if (component.length == 0 || is_dots(component, 1))
			continue;
		if (is_dots(component, 2)) {
			if (!drop_last(&path))
				return refuse(PATH_CLIMBS_OUT, out_refusal);
		} else if (!append(&path, component)) {
			return refuse(PATH_TOO_LONG, out_refusal);
		}
	}
	if (path.length == 0)
		return refuse(PATH_EMPTY, out_refusal);
	path.text[path.length] = '\0';
	memcpy(out_path, path.text, path.length + 1);
	return true;
}
