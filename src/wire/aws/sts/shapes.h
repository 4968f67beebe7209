// Requests and answers of STS, all operations of the service model; fields as the
// model names them, in snake case. A table file: one struct a shape, no logic.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/describe/table.h"
#include "wire/aws/operation_shapes.h"

namespace kansoku::aws::sts {

struct GetCallerIdentityRequest {};

struct GetCallerIdentityResponse {
  std::optional<std::string> user_id;
  std::optional<std::string> account;
  std::optional<std::string> arn;
};

struct PolicyDescriptorType {
  std::optional<std::string> arn;
};

struct Tag {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

struct ProvidedContext {
  std::optional<std::string> provider_arn;
  std::optional<std::string> context_assertion;
};

struct AssumeRoleRequest {
  std::optional<std::string> role_arn;
  std::optional<std::string> role_session_name;
  std::optional<std::vector<PolicyDescriptorType>> policy_arns;
  std::optional<std::string> policy;
  std::optional<int32_t> duration_seconds;
  std::optional<std::vector<Tag>> tags;
  std::optional<std::vector<std::string>> transitive_tag_keys;
  std::optional<std::string> external_id;
  std::optional<std::string> serial_number;
  std::optional<std::string> token_code;
  std::optional<std::string> source_identity;
  std::optional<std::vector<ProvidedContext>> provided_contexts;
};

struct Credentials {
  std::optional<std::string> access_key_id;
  std::optional<std::string> secret_access_key;
  std::optional<std::string> session_token;
  std::optional<describe::Timestamp> expiration;
};

struct AssumedRoleUser {
  std::optional<std::string> assumed_role_id;
  std::optional<std::string> arn;
};

struct AssumeRoleResponse {
  std::optional<Credentials> credentials;
  std::optional<AssumedRoleUser> assumed_role_user;
  std::optional<int32_t> packed_policy_size;
  std::optional<std::string> source_identity;
};

struct AssumeRoleWithSAMLRequest {
  std::optional<std::string> role_arn;
  std::optional<std::string> principal_arn;
  std::optional<std::string> saml_assertion;
  std::optional<std::vector<PolicyDescriptorType>> policy_arns;
  std::optional<std::string> policy;
  std::optional<int32_t> duration_seconds;
};

struct AssumeRoleWithSAMLResponse {
  std::optional<Credentials> credentials;
  std::optional<AssumedRoleUser> assumed_role_user;
  std::optional<int32_t> packed_policy_size;
  std::optional<std::string> subject;
  std::optional<std::string> subject_type;
  std::optional<std::string> issuer;
  std::optional<std::string> audience;
  std::optional<std::string> name_qualifier;
  std::optional<std::string> source_identity;
};

struct AssumeRoleWithWebIdentityRequest {
  std::optional<std::string> role_arn;
  std::optional<std::string> role_session_name;
  std::optional<std::string> web_identity_token;
  std::optional<std::string> provider_id;
  std::optional<std::vector<PolicyDescriptorType>> policy_arns;
  std::optional<std::string> policy;
  std::optional<int32_t> duration_seconds;
};

struct AssumeRoleWithWebIdentityResponse {
  std::optional<Credentials> credentials;
  std::optional<std::string> subject_from_web_identity_token;
  std::optional<AssumedRoleUser> assumed_role_user;
  std::optional<int32_t> packed_policy_size;
  std::optional<std::string> provider;
  std::optional<std::string> audience;
  std::optional<std::string> source_identity;
};

struct AssumeRootRequest {
  std::optional<std::string> target_principal;
  std::optional<PolicyDescriptorType> task_policy_arn;
  std::optional<int32_t> duration_seconds;
};

struct AssumeRootResponse {
  std::optional<Credentials> credentials;
  std::optional<std::string> source_identity;
};

struct DecodeAuthorizationMessageRequest {
  std::optional<std::string> encoded_message;
};

struct DecodeAuthorizationMessageResponse {
  std::optional<std::string> decoded_message;
};

struct GetAccessKeyInfoRequest {
  std::optional<std::string> access_key_id;
};

struct GetAccessKeyInfoResponse {
  std::optional<std::string> account;
};

struct GetDelegatedAccessTokenRequest {
  std::optional<std::string> trade_in_token;
};

struct GetDelegatedAccessTokenResponse {
  std::optional<Credentials> credentials;
  std::optional<int32_t> packed_policy_size;
  std::optional<std::string> assumed_principal;
};

struct GetFederationTokenRequest {
  std::optional<std::string> name;
  std::optional<std::string> policy;
  std::optional<std::vector<PolicyDescriptorType>> policy_arns;
  std::optional<int32_t> duration_seconds;
  std::optional<std::vector<Tag>> tags;
};

struct FederatedUser {
  std::optional<std::string> federated_user_id;
  std::optional<std::string> arn;
};

struct GetFederationTokenResponse {
  std::optional<Credentials> credentials;
  std::optional<FederatedUser> federated_user;
  std::optional<int32_t> packed_policy_size;
};

struct GetSessionTokenRequest {
  std::optional<int32_t> duration_seconds;
  std::optional<std::string> serial_number;
  std::optional<std::string> token_code;
};

struct GetSessionTokenResponse {
  std::optional<Credentials> credentials;
};

struct GetWebIdentityTokenRequest {
  std::optional<std::vector<std::string>> audience;
  std::optional<int32_t> duration_seconds;
  std::optional<std::string> signing_algorithm;
  std::optional<std::vector<Tag>> tags;
};

struct GetWebIdentityTokenResponse {
  std::optional<std::string> web_identity_token;
  std::optional<describe::Timestamp> expiration;
};

// All operations of the model, by name.
std::span<const OperationShapes> operation_shapes();

}  // namespace kansoku::aws::sts
