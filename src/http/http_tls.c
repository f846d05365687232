#include "http/http_tls.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAIN_MAX     8
#define FILE_SIZE_MAX 262144

struct http_tls {
	atomic_size_t holder_count;
	gnutls_pcert_st certificates[CHAIN_MAX];
	unsigned certificate_count;
	gnutls_privkey_t key;
};

static void free_datum(gnutls_datum_t *datum)
{
	if (datum->data != NULL)
		explicit_bzero(datum->data, datum->size);
	free(datum->data);
}

/* Returns 0 with the whole file, or -errno. */
static int read_file(const char *path, gnutls_datum_t *out_text)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP(free_datum) gnutls_datum_t text = { .data = malloc(FILE_SIZE_MAX) };
	ssize_t count = 1;

	if (fd < 0)
		return -errno;
	if (text.data == NULL)
		return -ENOMEM;
	while (count > 0 && text.size < FILE_SIZE_MAX) {
		count = read(fd, text.data + text.size, FILE_SIZE_MAX - text.size);
		if (count > 0)
			text.size += (unsigned)count;
		else if (count < 0 && errno == EINTR)
			count = 1;
	}
	if (count < 0)
		return -errno;
	if (text.size == FILE_SIZE_MAX)
		return -EFBIG;
	*out_text = text;
	text.data = NULL;
	return 0;
}

static void describe_unread(int error, char out_sentence[HTTP_TLS_SENTENCE_SIZE])
{
	const char *what = strerrordesc_np(-error);
	const char *advice = "name a PEM file";

	if (error == -EACCES || error == -EPERM)
		advice = "at the start it is read with the rights of who starts bootd, by a reload "
			 "with those of [daemon] user: let that user read it, or restart bootd";
	(void)text_format(out_sentence, HTTP_TLS_SENTENCE_SIZE, "it cannot be read: %s; %s", what,
			  advice);
}

static void describe_pair(int error, enum http_tls_file *out_file,
			  char out_sentence[HTTP_TLS_SENTENCE_SIZE])
{
	*out_file = HTTP_TLS_KEY;
	if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		(void)text_format(out_sentence, HTTP_TLS_SENTENCE_SIZE,
				  "the key does not belong to the certificate of cert: name the "
				  "pair that was made together");
	else if (error == GNUTLS_E_DECRYPTION_FAILED)
		(void)text_format(out_sentence, HTTP_TLS_SENTENCE_SIZE,
				  "the key is encrypted, and nobody is there to type its "
				  "password: 'openssl pkey' makes one without");
	else
		(void)text_format(out_sentence, HTTP_TLS_SENTENCE_SIZE,
				  "it is no private key in PEM: %s", gnutls_strerror(error));
}

/* Everything that is in the files. Returns 0 or GnuTLS's error with *out_file. */
static int import(struct http_tls *tls, const gnutls_datum_t *certificate,
		  const gnutls_datum_t *key, enum http_tls_file *out_file)
{
	int error;

	*out_file = HTTP_TLS_CERTIFICATE;
	tls->certificate_count = CHAIN_MAX;
	error = gnutls_pcert_list_import_x509_raw(tls->certificates, &tls->certificate_count,
						  certificate, GNUTLS_X509_FMT_PEM, 0);
	if (error < 0) {
		tls->certificate_count = 0;
		return error;
	}
	*out_file = HTTP_TLS_KEY;
	error = gnutls_privkey_init(&tls->key);
	if (error < 0)
		return error;
	return gnutls_privkey_import_x509_raw(tls->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

/* GnuTLS compares the two only where both are given to its credentials. */
static int check_pair(const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t credentials;
	int error = gnutls_certificate_allocate_credentials(&credentials);

	if (error < 0)
		return error;
	error = gnutls_certificate_set_x509_key_mem2(credentials, certificate, key,
						     GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_certificate_free_credentials(credentials);
	return error < 0 ? error : 0;
}

static bool load(struct http_tls *tls, const char *certificate_path, const char *key_path,
		 enum http_tls_file *out_file, char out_sentence[HTTP_TLS_SENTENCE_SIZE])
{
	CLEANUP(free_datum) gnutls_datum_t certificate = { 0 };
	CLEANUP(free_datum) gnutls_datum_t key = { 0 };
	int error;

	*out_file = HTTP_TLS_CERTIFICATE;
	error = read_file(certificate_path, &certificate);
	if (error == 0) {
		*out_file = HTTP_TLS_KEY;
		error = read_file(key_path, &key);
	}
	if (error < 0) {
		describe_unread(error, out_sentence);
		return false;
	}
	error = import(tls, &certificate, &key, out_file);
	if (error < 0 && *out_file == HTTP_TLS_CERTIFICATE) {
		(void)text_format(out_sentence, HTTP_TLS_SENTENCE_SIZE,
				  "it holds no certificates in PEM, or more than %d: %s", CHAIN_MAX,
				  gnutls_strerror(error));
		return false;
	}
	if (error == 0)
		error = check_pair(&certificate, &key);
	if (error < 0)
		describe_pair(error, out_file, out_sentence);
	return error == 0;
}

struct http_tls *http_tls_open(const char *certificate_path, const char *key_path,
			       enum http_tls_file *out_file,
			       char out_sentence[HTTP_TLS_SENTENCE_SIZE])
{
	struct http_tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL) {
		*out_file = HTTP_TLS_CERTIFICATE;
		(void)text_format(out_sentence, HTTP_TLS_SENTENCE_SIZE,
				  "there is no memory for it");
		return NULL;
	}
	atomic_init(&tls->holder_count, 1);
	if (load(tls, certificate_path, key_path, out_file, out_sentence))
		return tls;
	http_tls_free(tls);
	return NULL;
}

struct http_tls *http_tls_hold(struct http_tls *tls)
{
	if (tls != NULL)
		(void)atomic_fetch_add(&tls->holder_count, 1);
	return tls;
}

void http_tls_free(struct http_tls *tls)
{
	if (tls == NULL || atomic_fetch_sub(&tls->holder_count, 1) > 1)
		return;
	for (unsigned i = 0; i < tls->certificate_count; i++)
		gnutls_pcert_deinit(&tls->certificates[i]);
	if (tls->key != NULL)
		gnutls_privkey_deinit(tls->key);
	free(tls);
}

void http_tls_get(struct http_tls *tls, gnutls_pcert_st **out_certificates, unsigned *out_count,
		  gnutls_privkey_t *out_key)
{
	*out_certificates = tls->certificates;
	*out_count = tls->certificate_count;
	*out_key = tls->key;
}
