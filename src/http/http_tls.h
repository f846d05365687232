/* A certificate and its key, for HTTPS. It never changes; a renewed pair is another one. */
#ifndef BOOTD_HTTP_HTTP_TLS_H
#define BOOTD_HTTP_HTTP_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stddef.h>

struct http_tls;

#define HTTP_TLS_SENTENCE_SIZE 300

/* Which of the two files a refusal is about. */
enum http_tls_file { HTTP_TLS_CERTIFICATE, HTTP_TLS_KEY };

/* Reads two PEM files: the certificate, with those between it and its authority behind it, and the
 * key. NULL: *out_file and out_sentence say what is wrong and what to do. */
struct http_tls *http_tls_open(const char *certificate_path, const char *key_path,
			       enum http_tls_file *out_file,
			       char out_sentence[HTTP_TLS_SENTENCE_SIZE]);

/* The last one who lets go frees it; any thread may. NULL is allowed. */
struct http_tls *http_tls_hold(struct http_tls *tls);
void http_tls_free(struct http_tls *tls);

/* What a handshake needs, borrowed. */
void http_tls_get(struct http_tls *tls, gnutls_pcert_st **out_certificates, unsigned *out_count,
		  gnutls_privkey_t *out_key);

#endif
