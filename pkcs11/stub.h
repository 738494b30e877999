/* SPDX-License-Identifier: EUPL-1.2 */
/* One function for each shape of what 3.0 and 3.2 add and no card of ours does. */
#ifndef DEZI_PKCS11_STUB_H
#define DEZI_PKCS11_STUB_H

#include "base/def.h"
#include "pkcs11/cryptoki.h"

fn_login_user stub_login_user;
fn_message_init stub_message_init;
fn_message_crypt stub_message_crypt;
fn_message_crypt_begin stub_message_crypt_begin;
fn_message_crypt_next stub_message_crypt_next;
fn_message_final stub_message_final;
fn_message_sign stub_message_sign;
fn_message_begin stub_message_begin;
fn_message_verify stub_message_verify;
fn_encapsulate stub_encapsulate;
fn_decapsulate stub_decapsulate;
fn_async_complete stub_async_complete;
fn_async_get_id stub_async_get_id;
fn_async_join stub_async_join;
fn_wrap_authenticated stub_wrap_authenticated;
fn_unwrap_authenticated stub_unwrap_authenticated;

#endif
