/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a card does not offer: one answer to all of it.  Functions of one shape share one
 * body.  C_GetFunctionStatus and C_CancelFunction answer what section 5.15 prescribes.
 */
#include "pkcs11/stub.h"

ck_rv_t
C_InitToken(ck_slot_id_t slot_id UNUSED, unsigned char *pin UNUSED,
    ck_ulong pin_len UNUSED, unsigned char *label UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_GetOperationState(ck_session_handle_t session UNUSED,
    unsigned char *operation_state UNUSED, ck_ulong *operation_state_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_SetOperationState(ck_session_handle_t session UNUSED,
    unsigned char *operation_state UNUSED, ck_ulong operation_state_len UNUSED,
    ck_object_handle_t encryption_key UNUSED,
    ck_object_handle_t authentiation_key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_CreateObject(ck_session_handle_t session UNUSED, struct ck_attribute *templ UNUSED,
    ck_ulong count UNUSED, ck_object_handle_t *object UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_CopyObject(ck_session_handle_t session UNUSED, ck_object_handle_t object UNUSED,
    struct ck_attribute *templ UNUSED, ck_ulong count UNUSED,
    ck_object_handle_t *new_object UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_GetObjectSize(ck_session_handle_t session UNUSED, ck_object_handle_t object UNUSED,
    ck_ulong *size UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_SetAttributeValue(ck_session_handle_t session UNUSED,
    ck_object_handle_t object UNUSED, struct ck_attribute *templ UNUSED,
    ck_ulong count UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_DigestKey(ck_session_handle_t session UNUSED, ck_object_handle_t key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_SignRecoverInit(ck_session_handle_t session UNUSED,
    struct ck_mechanism *mechanism UNUSED, ck_object_handle_t key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_SignRecover(ck_session_handle_t session UNUSED, unsigned char *data UNUSED,
    ck_ulong data_len UNUSED, unsigned char *signature UNUSED,
    ck_ulong *signature_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_VerifyRecoverInit(ck_session_handle_t session UNUSED,
    struct ck_mechanism *mechanism UNUSED, ck_object_handle_t key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_VerifyRecover(ck_session_handle_t session UNUSED, unsigned char *signature UNUSED,
    ck_ulong signature_len UNUSED, unsigned char *data UNUSED,
    ck_ulong *data_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_DigestEncryptUpdate(ck_session_handle_t session UNUSED, unsigned char *part UNUSED,
    ck_ulong part_len UNUSED, unsigned char *encrypted_part UNUSED,
    ck_ulong *encrypted_part_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_DecryptDigestUpdate(ck_session_handle_t session UNUSED,
    unsigned char *encrypted_part UNUSED, ck_ulong encrypted_part_len UNUSED,
    unsigned char *part UNUSED, ck_ulong *part_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_SignEncryptUpdate(ck_session_handle_t session UNUSED, unsigned char *part UNUSED,
    ck_ulong part_len UNUSED, unsigned char *encrypted_part UNUSED,
    ck_ulong *encrypted_part_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_DecryptVerifyUpdate(ck_session_handle_t session UNUSED,
    unsigned char *encrypted_part UNUSED, ck_ulong encrypted_part_len UNUSED,
    unsigned char *part UNUSED, ck_ulong *part_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_GenerateKey(ck_session_handle_t session UNUSED, struct ck_mechanism *mechanism UNUSED,
    struct ck_attribute *templ UNUSED, ck_ulong count UNUSED,
    ck_object_handle_t *key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_GenerateKeyPair(ck_session_handle_t session UNUSED,
    struct ck_mechanism *mechanism UNUSED,
    struct ck_attribute *public_key_template UNUSED,
    ck_ulong public_key_attribute_count UNUSED,
    struct ck_attribute *private_key_template UNUSED,
    ck_ulong private_key_attribute_count UNUSED, ck_object_handle_t *public_key UNUSED,
    ck_object_handle_t *private_key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_WrapKey(ck_session_handle_t session UNUSED, struct ck_mechanism *mechanism UNUSED,
    ck_object_handle_t wrapping_key UNUSED, ck_object_handle_t key UNUSED,
    unsigned char *wrapped_key UNUSED, ck_ulong *wrapped_key_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_UnwrapKey(ck_session_handle_t session UNUSED, struct ck_mechanism *mechanism UNUSED,
    ck_object_handle_t unwrapping_key UNUSED, unsigned char *wrapped_key UNUSED,
    ck_ulong wrapped_key_len UNUSED, struct ck_attribute *templ UNUSED,
    ck_ulong attribute_count UNUSED, ck_object_handle_t *key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
C_GetFunctionStatus(ck_session_handle_t session UNUSED)
{
	return CKR_FUNCTION_NOT_PARALLEL;
}

ck_rv_t
C_CancelFunction(ck_session_handle_t session UNUSED)
{
	return CKR_FUNCTION_NOT_PARALLEL;
}

ck_rv_t
stub_login_user(ck_session_handle_t s UNUSED, ck_user_type_t type UNUSED,
    unsigned char *pin UNUSED, ck_ulong pin_len UNUSED, unsigned char *user UNUSED,
    ck_ulong user_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_init(ck_session_handle_t s UNUSED, struct ck_mechanism *m UNUSED,
    ck_object_handle_t key UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_crypt(ck_session_handle_t s UNUSED, void *param UNUSED,
    ck_ulong param_len UNUSED, unsigned char *aad UNUSED, ck_ulong aad_len UNUSED,
    unsigned char *in UNUSED, ck_ulong in_len UNUSED, unsigned char *out UNUSED,
    ck_ulong *out_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_crypt_begin(ck_session_handle_t s UNUSED, void *param UNUSED,
    ck_ulong param_len UNUSED, unsigned char *aad UNUSED, ck_ulong aad_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_crypt_next(ck_session_handle_t s UNUSED, void *param UNUSED,
    ck_ulong param_len UNUSED, unsigned char *in UNUSED, ck_ulong in_len UNUSED,
    unsigned char *out UNUSED, ck_ulong *out_len UNUSED, ck_flags_t flags UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_final(ck_session_handle_t s UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_sign(ck_session_handle_t s UNUSED, void *param UNUSED,
    ck_ulong param_len UNUSED, unsigned char *in UNUSED, ck_ulong in_len UNUSED,
    unsigned char *sig UNUSED, ck_ulong *sig_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_begin(ck_session_handle_t s UNUSED, void *param UNUSED,
    ck_ulong param_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_message_verify(ck_session_handle_t s UNUSED, void *param UNUSED,
    ck_ulong param_len UNUSED, unsigned char *in UNUSED, ck_ulong in_len UNUSED,
    unsigned char *sig UNUSED, ck_ulong sig_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_encapsulate(ck_session_handle_t s UNUSED, struct ck_mechanism *m UNUSED,
    ck_object_handle_t key UNUSED, struct ck_attribute *t UNUSED, ck_ulong n UNUSED,
    unsigned char *out UNUSED, ck_ulong *out_len UNUSED, ck_object_handle_t *ret UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_decapsulate(ck_session_handle_t s UNUSED, struct ck_mechanism *m UNUSED,
    ck_object_handle_t key UNUSED, struct ck_attribute *t UNUSED, ck_ulong n UNUSED,
    unsigned char *in UNUSED, ck_ulong in_len UNUSED, ck_object_handle_t *ret UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_async_complete(ck_session_handle_t s UNUSED, unsigned char *name UNUSED,
    void *data UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_async_get_id(ck_session_handle_t s UNUSED, unsigned char *name UNUSED,
    ck_ulong *id UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_async_join(ck_session_handle_t s UNUSED, unsigned char *name UNUSED,
    ck_ulong id UNUSED, unsigned char *data UNUSED, ck_ulong data_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_wrap_authenticated(ck_session_handle_t s UNUSED, struct ck_mechanism *m UNUSED,
    ck_object_handle_t wrapping UNUSED, ck_object_handle_t key UNUSED,
    unsigned char *aad UNUSED, ck_ulong aad_len UNUSED, unsigned char *out UNUSED,
    ck_ulong *out_len UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

ck_rv_t
stub_unwrap_authenticated(ck_session_handle_t s UNUSED, struct ck_mechanism *m UNUSED,
    ck_object_handle_t unwrapping UNUSED, unsigned char *in UNUSED,
    ck_ulong in_len UNUSED, struct ck_attribute *t UNUSED, ck_ulong n UNUSED,
    unsigned char *aad UNUSED, ck_ulong aad_len UNUSED, ck_object_handle_t *ret UNUSED)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}
