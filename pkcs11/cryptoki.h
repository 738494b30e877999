/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Cryptoki as this module speaks it: p11-kit's header for 2.40 (in its GNU spelling,
 * which is ours), and what 3.0 and 3.2 add to it (OASIS PKCS #11 specifications 3.0,
 * 3.2, sections 3.6 and 5) as far as a card module needs the names.
 */
#ifndef DEZI_PKCS11_CRYPTOKI_H
#define DEZI_PKCS11_CRYPTOKI_H

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

typedef unsigned long ck_ulong;

/* 3.0 */
#ifndef CKO_PROFILE
#define CKO_PROFILE			0x00000009UL
#define CKA_PROFILE_ID			0x00000601UL
#endif
#ifndef CKP_BASELINE_PROVIDER
#define CKP_BASELINE_PROVIDER		0x00000001UL
#define CKP_EXTENDED_PROVIDER		0x00000002UL
#define CKP_AUTHENTICATION_TOKEN	0x00000003UL
#define CKP_PUBLIC_CERTIFICATES_TOKEN	0x00000004UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID			0x00000004UL
#endif
#ifndef CKA_PUBLIC_KEY_INFO
#define CKA_PUBLIC_KEY_INFO		0x00000129UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED	0x00000202UL
#endif
#ifndef CKF_MESSAGE_ENCRYPT
#define CKF_MESSAGE_ENCRYPT		0x00000002UL
#define CKF_MESSAGE_DECRYPT		0x00000004UL
#define CKF_MESSAGE_SIGN		0x00000008UL
#define CKF_MESSAGE_VERIFY		0x00000010UL
#define CKF_FIND_OBJECTS		0x00000040UL
#endif
#ifndef CKA_NAME_HASH_ALGORITHM
#define CKA_NAME_HASH_ALGORITHM		0x0000008cUL
#endif
#ifndef CKA_COPYABLE
#define CKA_COPYABLE			0x00000171UL
#endif
#ifndef CKA_DESTROYABLE
#define CKA_DESTROYABLE			0x00000172UL
#endif
#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY		0x00000041UL
#endif
/* 3.2 */
#ifndef CKF_ASYNC_SESSION
#define CKF_ASYNC_SESSION		0x00000008UL
#endif
#ifndef CKR_SESSION_ASYNC_NOT_SUPPORTED
#define CKR_SESSION_ASYNC_NOT_SUPPORTED	0x00000205UL
#endif
#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE		0x00000001UL
#endif

struct ck_interface {
	char	*name;
	void	*function_list;
	ck_flags_t flags;
};

/* The functions that 3.0 adds, in the order of its list. */
typedef ck_rv_t fn_get_interface_list(struct ck_interface *list, ck_ulong *count);
typedef ck_rv_t fn_get_interface(unsigned char *name, struct ck_version *version,
    struct ck_interface **interface, ck_flags_t flags);
typedef ck_rv_t fn_login_user(ck_session_handle_t s, ck_user_type_t type,
    unsigned char *pin, ck_ulong pin_len, unsigned char *user, ck_ulong user_len);
typedef ck_rv_t fn_session_cancel(ck_session_handle_t s, ck_flags_t flags);
typedef ck_rv_t fn_message_init(ck_session_handle_t s, struct ck_mechanism *m,
    ck_object_handle_t key);
typedef ck_rv_t fn_message_crypt(ck_session_handle_t s, void *param, ck_ulong param_len,
    unsigned char *aad, ck_ulong aad_len, unsigned char *in, ck_ulong in_len,
    unsigned char *out, ck_ulong *out_len);
typedef ck_rv_t fn_message_crypt_begin(ck_session_handle_t s, void *param,
    ck_ulong param_len, unsigned char *aad, ck_ulong aad_len);
typedef ck_rv_t fn_message_crypt_next(ck_session_handle_t s, void *param,
    ck_ulong param_len, unsigned char *in, ck_ulong in_len, unsigned char *out,
    ck_ulong *out_len, ck_flags_t flags);
typedef ck_rv_t fn_message_final(ck_session_handle_t s);
typedef ck_rv_t fn_message_sign(ck_session_handle_t s, void *param, ck_ulong param_len,
    unsigned char *in, ck_ulong in_len, unsigned char *sig, ck_ulong *sig_len);
typedef ck_rv_t fn_message_begin(ck_session_handle_t s, void *param, ck_ulong param_len);
typedef ck_rv_t fn_message_verify(ck_session_handle_t s, void *param, ck_ulong param_len,
    unsigned char *in, ck_ulong in_len, unsigned char *sig, ck_ulong sig_len);

/* The functions that 3.2 adds. */
typedef ck_rv_t fn_encapsulate(ck_session_handle_t s, struct ck_mechanism *m,
    ck_object_handle_t key, struct ck_attribute *t, ck_ulong n, unsigned char *out,
    ck_ulong *out_len, ck_object_handle_t *ret);
typedef ck_rv_t fn_decapsulate(ck_session_handle_t s, struct ck_mechanism *m,
    ck_object_handle_t key, struct ck_attribute *t, ck_ulong n, unsigned char *in,
    ck_ulong in_len, ck_object_handle_t *ret);
typedef ck_rv_t fn_verify_signature_init(ck_session_handle_t s, struct ck_mechanism *m,
    ck_object_handle_t key, unsigned char *sig, ck_ulong sig_len);
typedef ck_rv_t fn_verify_signature(ck_session_handle_t s, unsigned char *in, ck_ulong in_len);
typedef ck_rv_t fn_verify_signature_final(ck_session_handle_t s);
typedef ck_rv_t fn_validation_flags(ck_session_handle_t s, ck_ulong type, ck_flags_t *flags);
typedef ck_rv_t fn_async_complete(ck_session_handle_t s, unsigned char *name, void *data);
typedef ck_rv_t fn_async_get_id(ck_session_handle_t s, unsigned char *name, ck_ulong *id);
typedef ck_rv_t fn_async_join(ck_session_handle_t s, unsigned char *name, ck_ulong id,
    unsigned char *data, ck_ulong data_len);
typedef ck_rv_t fn_wrap_authenticated(ck_session_handle_t s, struct ck_mechanism *m,
    ck_object_handle_t wrapping, ck_object_handle_t key, unsigned char *aad,
    ck_ulong aad_len, unsigned char *out, ck_ulong *out_len);
typedef ck_rv_t fn_unwrap_authenticated(ck_session_handle_t s, struct ck_mechanism *m,
    ck_object_handle_t unwrapping, unsigned char *in, ck_ulong in_len,
    struct ck_attribute *t, ck_ulong n, unsigned char *aad, ck_ulong aad_len,
    ck_object_handle_t *ret);

/* All that stands behind the 2.40 list in the 3.0 list, and behind that in the 3.2 list. */
struct ck_functions_3_0 {
	fn_get_interface_list	*C_GetInterfaceList;
	fn_get_interface	*C_GetInterface;
	fn_login_user		*C_LoginUser;
	fn_session_cancel	*C_SessionCancel;
	fn_message_init		*C_MessageEncryptInit;
	fn_message_crypt	*C_EncryptMessage;
	fn_message_crypt_begin	*C_EncryptMessageBegin;
	fn_message_crypt_next	*C_EncryptMessageNext;
	fn_message_final	*C_MessageEncryptFinal;
	fn_message_init		*C_MessageDecryptInit;
	fn_message_crypt	*C_DecryptMessage;
	fn_message_crypt_begin	*C_DecryptMessageBegin;
	fn_message_crypt_next	*C_DecryptMessageNext;
	fn_message_final	*C_MessageDecryptFinal;
	fn_message_init		*C_MessageSignInit;
	fn_message_sign		*C_SignMessage;
	fn_message_begin	*C_SignMessageBegin;
	fn_message_sign		*C_SignMessageNext;
	fn_message_final	*C_MessageSignFinal;
	fn_message_init		*C_MessageVerifyInit;
	fn_message_verify	*C_VerifyMessage;
	fn_message_begin	*C_VerifyMessageBegin;
	fn_message_verify	*C_VerifyMessageNext;
	fn_message_final	*C_MessageVerifyFinal;
};

struct ck_functions_3_2 {
	fn_encapsulate		*C_EncapsulateKey;
	fn_decapsulate		*C_DecapsulateKey;
	fn_verify_signature_init *C_VerifySignatureInit;
	fn_verify_signature	*C_VerifySignature;
	fn_verify_signature	*C_VerifySignatureUpdate;
	fn_verify_signature_final *C_VerifySignatureFinal;
	fn_validation_flags	*C_GetSessionValidationFlags;
	fn_async_complete	*C_AsyncComplete;
	fn_async_get_id		*C_AsyncGetID;
	fn_async_join		*C_AsyncJoin;
	fn_wrap_authenticated	*C_WrapKeyAuthenticated;
	fn_unwrap_authenticated	*C_UnwrapKeyAuthenticated;
};

/* Each list begins with the former one; only the version differs. */
struct ck_function_list_3_2 {
	struct ck_function_list v2;
	struct ck_functions_3_0 v3;
	struct ck_functions_3_2 v32;
};

fn_get_interface_list C_GetInterfaceList;
fn_get_interface C_GetInterface;
fn_session_cancel C_SessionCancel;
fn_verify_signature_init C_VerifySignatureInit;
fn_verify_signature C_VerifySignature;
fn_verify_signature C_VerifySignatureUpdate;
fn_verify_signature_final C_VerifySignatureFinal;
fn_validation_flags C_GetSessionValidationFlags;

#endif
