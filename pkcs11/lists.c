/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The three lists, the ways to get one, and C_GetInfo, which names the version of the
 * list from which it was called.
 */
#include <string.h>

#include "pkcs11/module.h"
#include "pkcs11/stub.h"

#define EXPORT	__attribute__((visibility("default")))
#define NAME	"PKCS 11"

static void
pad(unsigned char *ret, size_t size, const char *text)
{
	memset(ret, ' ', size);
	memcpy(ret, text, strlen(text));
}

static ck_rv_t
give_info(struct ck_info *ret, unsigned char major, unsigned char minor)
{
	VISIT();
	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	*ret = (struct ck_info){ .cryptoki_version = { major, minor },
	    .library_version = { 0, 1 } };
	pad(ret->manufacturer_id, sizeof(ret->manufacturer_id), "Dezi middleware");
	pad(ret->library_description, sizeof(ret->library_description), "UZI passes and tokens");
	return CKR_OK;
}

ck_rv_t
C_GetInfo(struct ck_info *ret)
{
	return give_info(ret, 2, 40);
}

static ck_rv_t
info_3_0(struct ck_info *ret)
{
	return give_info(ret, 3, 0);
}

static ck_rv_t
info_3_2(struct ck_info *ret)
{
	return give_info(ret, 3, 2);
}

#define LIST_2_40(major, minor, info) {					\
	.version = { (major), (minor) },				\
	.C_GetInfo = (info),						\
	.C_Initialize = C_Initialize,					\
	.C_Finalize = C_Finalize,					\
	.C_GetFunctionList = C_GetFunctionList,				\
	.C_GetSlotList = C_GetSlotList,					\
	.C_GetSlotInfo = C_GetSlotInfo,					\
	.C_GetTokenInfo = C_GetTokenInfo,				\
	.C_GetMechanismList = C_GetMechanismList,			\
	.C_GetMechanismInfo = C_GetMechanismInfo,			\
	.C_InitToken = C_InitToken,					\
	.C_InitPIN = C_InitPIN,						\
	.C_SetPIN = C_SetPIN,						\
	.C_OpenSession = C_OpenSession,					\
	.C_CloseSession = C_CloseSession,				\
	.C_CloseAllSessions = C_CloseAllSessions,			\
	.C_GetSessionInfo = C_GetSessionInfo,				\
	.C_GetOperationState = C_GetOperationState,			\
	.C_SetOperationState = C_SetOperationState,			\
	.C_Login = C_Login,						\
	.C_Logout = C_Logout,						\
	.C_CreateObject = C_CreateObject,				\
	.C_CopyObject = C_CopyObject,					\
	.C_DestroyObject = C_DestroyObject,				\
	.C_GetObjectSize = C_GetObjectSize,				\
	.C_GetAttributeValue = C_GetAttributeValue,			\
	.C_SetAttributeValue = C_SetAttributeValue,			\
	.C_FindObjectsInit = C_FindObjectsInit,				\
	.C_FindObjects = C_FindObjects,					\
	.C_FindObjectsFinal = C_FindObjectsFinal,			\
	.C_EncryptInit = C_EncryptInit,					\
	.C_Encrypt = C_Encrypt,						\
	.C_EncryptUpdate = C_EncryptUpdate,				\
	.C_EncryptFinal = C_EncryptFinal,				\
	.C_DecryptInit = C_DecryptInit,					\
	.C_Decrypt = C_Decrypt,						\
	.C_DecryptUpdate = C_DecryptUpdate,				\
	.C_DecryptFinal = C_DecryptFinal,				\
	.C_DigestInit = C_DigestInit,					\
	.C_Digest = C_Digest,						\
	.C_DigestUpdate = C_DigestUpdate,				\
	.C_DigestKey = C_DigestKey,					\
	.C_DigestFinal = C_DigestFinal,					\
	.C_SignInit = C_SignInit,					\
	.C_Sign = C_Sign,						\
	.C_SignUpdate = C_SignUpdate,					\
	.C_SignFinal = C_SignFinal,					\
	.C_SignRecoverInit = C_SignRecoverInit,				\
	.C_SignRecover = C_SignRecover,					\
	.C_VerifyInit = C_VerifyInit,					\
	.C_Verify = C_Verify,						\
	.C_VerifyUpdate = C_VerifyUpdate,				\
	.C_VerifyFinal = C_VerifyFinal,					\
	.C_VerifyRecoverInit = C_VerifyRecoverInit,			\
	.C_VerifyRecover = C_VerifyRecover,				\
	.C_DigestEncryptUpdate = C_DigestEncryptUpdate,			\
	.C_DecryptDigestUpdate = C_DecryptDigestUpdate,			\
	.C_SignEncryptUpdate = C_SignEncryptUpdate,			\
	.C_DecryptVerifyUpdate = C_DecryptVerifyUpdate,			\
	.C_GenerateKey = C_GenerateKey,					\
	.C_GenerateKeyPair = C_GenerateKeyPair,				\
	.C_WrapKey = C_WrapKey,						\
	.C_UnwrapKey = C_UnwrapKey,					\
	.C_DeriveKey = C_DeriveKey,					\
	.C_SeedRandom = C_SeedRandom,					\
	.C_GenerateRandom = C_GenerateRandom,				\
	.C_GetFunctionStatus = C_GetFunctionStatus,			\
	.C_CancelFunction = C_CancelFunction,				\
	.C_WaitForSlotEvent = C_WaitForSlotEvent,			\
}

#define LIST_3_0 {							\
	.C_GetInterfaceList = C_GetInterfaceList,			\
	.C_GetInterface = C_GetInterface,				\
	.C_LoginUser = stub_login_user,					\
	.C_SessionCancel = C_SessionCancel,				\
	.C_MessageEncryptInit = stub_message_init,			\
	.C_EncryptMessage = stub_message_crypt,				\
	.C_EncryptMessageBegin = stub_message_crypt_begin,		\
	.C_EncryptMessageNext = stub_message_crypt_next,		\
	.C_MessageEncryptFinal = stub_message_final,			\
	.C_MessageDecryptInit = stub_message_init,			\
	.C_DecryptMessage = stub_message_crypt,				\
	.C_DecryptMessageBegin = stub_message_crypt_begin,		\
	.C_DecryptMessageNext = stub_message_crypt_next,		\
	.C_MessageDecryptFinal = stub_message_final,			\
	.C_MessageSignInit = stub_message_init,				\
	.C_SignMessage = stub_message_sign,				\
	.C_SignMessageBegin = stub_message_begin,			\
	.C_SignMessageNext = stub_message_sign,				\
	.C_MessageSignFinal = stub_message_final,			\
	.C_MessageVerifyInit = stub_message_init,			\
	.C_VerifyMessage = stub_message_verify,				\
	.C_VerifyMessageBegin = stub_message_begin,			\
	.C_VerifyMessageNext = stub_message_verify,			\
	.C_MessageVerifyFinal = stub_message_final,			\
}

#define LIST_3_2 {							\
	.C_EncapsulateKey = stub_encapsulate,				\
	.C_DecapsulateKey = stub_decapsulate,				\
	.C_VerifySignatureInit = C_VerifySignatureInit,			\
	.C_VerifySignature = C_VerifySignature,				\
	.C_VerifySignatureUpdate = C_VerifySignatureUpdate,		\
	.C_VerifySignatureFinal = C_VerifySignatureFinal,		\
	.C_GetSessionValidationFlags = C_GetSessionValidationFlags,	\
	.C_AsyncComplete = stub_async_complete,				\
	.C_AsyncGetID = stub_async_get_id,				\
	.C_AsyncJoin = stub_async_join,					\
	.C_WrapKeyAuthenticated = stub_wrap_authenticated,		\
	.C_UnwrapKeyAuthenticated = stub_unwrap_authenticated,		\
}

/* Not const: the type of C_GetFunctionList gives a pointer that is not. */
static struct ck_function_list list_2_40 = LIST_2_40(2, 40, C_GetInfo);
static struct ck_function_list_3_2 list_3_0 = { LIST_2_40(3, 0, info_3_0), LIST_3_0, { 0 } };
static struct ck_function_list_3_2 list_3_2 = { LIST_2_40(3, 2, info_3_2), LIST_3_0, LIST_3_2 };

/* The first is what a caller gets who asks for any. */
static struct ck_interface interfaces[] = {
	{ (char[]){ NAME }, &list_3_2, 0 },
	{ (char[]){ NAME }, &list_3_0, 0 },
	{ (char[]){ NAME }, &list_2_40, 0 },
};
static const struct ck_version versions[] = { { 3, 2 }, { 3, 0 }, { 2, 40 } };

EXPORT ck_rv_t
C_GetFunctionList(struct ck_function_list **ret)
{
	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	*ret = &list_2_40;
	return CKR_OK;
}

EXPORT ck_rv_t
C_GetInterfaceList(struct ck_interface *ret, ck_ulong *ret_n)
{
	const ck_ulong n = NELEM(interfaces);
	ck_rv_t rv = CKR_OK;

	if (ret_n == NULL)
		return CKR_ARGUMENTS_BAD;
	if (ret != NULL && *ret_n < n)
		rv = CKR_BUFFER_TOO_SMALL;
	else if (ret != NULL)
		memcpy(ret, interfaces, sizeof(interfaces));
	*ret_n = n;
	return rv;
}

EXPORT ck_rv_t
C_GetInterface(unsigned char *name, struct ck_version *version, struct ck_interface **ret,
    ck_flags_t flags)
{
	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < NELEM(interfaces); i++) {
		if (name != NULL && strcmp((const char *)name, NAME) != 0)
			continue;
		if (version != NULL && (version->major != versions[i].major ||
		    version->minor != versions[i].minor))
			continue;
		if ((flags & ~interfaces[i].flags) != 0)
			continue;
		*ret = &interfaces[i];
		return CKR_OK;
	}
	return CKR_FUNCTION_FAILED;
}
