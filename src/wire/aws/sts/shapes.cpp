// The tables of STS: names, constraints and use of every member.
#include "wire/aws/sts/shapes.h"

namespace kansoku::aws::sts {
namespace {

using namespace kansoku::describe;

constexpr auto kGetCallerIdentityRequest =
    empty_structure<GetCallerIdentityRequest>("GetCallerIdentityRequest");
constexpr auto kUserIdType = text("userIdType");
constexpr auto kAccountType = text("accountType");
constexpr auto kArnType = text("arnType", {.min = 20, .max = 2048});
constexpr auto kGetCallerIdentityResponseMembers =
    members(member<&GetCallerIdentityResponse::user_id>("UserId", kUserIdType, Use::Used),
            member<&GetCallerIdentityResponse::account>("Account", kAccountType, Use::Used),
            member<&GetCallerIdentityResponse::arn>("Arn", kArnType, Use::Used));
constexpr auto kGetCallerIdentityResponse = structure<GetCallerIdentityResponse>(
    "GetCallerIdentityResponse", kGetCallerIdentityResponseMembers);
constexpr auto kRoleSessionNameType = text("roleSessionNameType", {.min = 2, .max = 64});
constexpr auto kPolicyDescriptorTypeMembers =
    members(member<&PolicyDescriptorType::arn>("arn", kArnType, Use::Refused));
constexpr auto kPolicyDescriptorType =
    structure<PolicyDescriptorType>("PolicyDescriptorType", kPolicyDescriptorTypeMembers);
constexpr auto kPolicyDescriptorListType =
    list_of("policyDescriptorListType", kPolicyDescriptorType);
constexpr auto kUnrestrictedSessionPolicyDocumentType =
    text("unrestrictedSessionPolicyDocumentType", {.min = 1});
constexpr auto kRoleDurationSecondsType =
    number<int32_t>("roleDurationSecondsType", {.min = 900, .max = 43200});
constexpr auto kTagKeyType = text("tagKeyType", {.min = 1, .max = 128});
constexpr auto kTagValueType = text("tagValueType", {.min = 0, .max = 256});
constexpr auto kTagMembers =
    members(member<&Tag::key>("Key", kTagKeyType, Use::Refused, {.required = true}),
            member<&Tag::value>("Value", kTagValueType, Use::Refused, {.required = true}));
constexpr auto kTag = structure<Tag>("Tag", kTagMembers);
constexpr auto kTagListType = list_of("tagListType", kTag, {.max = 50});
constexpr auto kTagKeyListType = list_of("tagKeyListType", kTagKeyType, {.max = 50});
constexpr auto kExternalIdType = text("externalIdType", {.min = 2, .max = 1224});
constexpr auto kSerialNumberType = text("serialNumberType", {.min = 9, .max = 256});
constexpr auto kTokenCodeType = text("tokenCodeType", {.min = 6, .max = 6});
constexpr auto kSourceIdentityType = text("sourceIdentityType", {.min = 2, .max = 64});
constexpr auto kContextAssertionType = text("contextAssertionType", {.min = 4, .max = 2048});
constexpr auto kProvidedContextMembers =
    members(member<&ProvidedContext::provider_arn>("ProviderArn", kArnType, Use::Refused),
            member<&ProvidedContext::context_assertion>("ContextAssertion", kContextAssertionType,
                                                        Use::Refused));
constexpr auto kProvidedContext =
    structure<ProvidedContext>("ProvidedContext", kProvidedContextMembers);
constexpr auto kProvidedContextsListType =
    list_of("ProvidedContextsListType", kProvidedContext, {.min = 1, .max = 5});
constexpr auto kAssumeRoleRequestMembers = members(
    member<&AssumeRoleRequest::role_arn>("RoleArn", kArnType, Use::Refused, {.required = true}),
    member<&AssumeRoleRequest::role_session_name>("RoleSessionName", kRoleSessionNameType,
                                                  Use::Refused, {.required = true}),
    member<&AssumeRoleRequest::policy_arns>("PolicyArns", kPolicyDescriptorListType, Use::Refused),
    member<&AssumeRoleRequest::policy>("Policy", kUnrestrictedSessionPolicyDocumentType,
                                       Use::Refused),
    member<&AssumeRoleRequest::duration_seconds>("DurationSeconds", kRoleDurationSecondsType,
                                                 Use::Refused),
    member<&AssumeRoleRequest::tags>("Tags", kTagListType, Use::Refused),
    member<&AssumeRoleRequest::transitive_tag_keys>("TransitiveTagKeys", kTagKeyListType,
                                                    Use::Refused),
    member<&AssumeRoleRequest::external_id>("ExternalId", kExternalIdType, Use::Refused),
    member<&AssumeRoleRequest::serial_number>("SerialNumber", kSerialNumberType, Use::Refused),
    member<&AssumeRoleRequest::token_code>("TokenCode", kTokenCodeType, Use::Refused),
    member<&AssumeRoleRequest::source_identity>("SourceIdentity", kSourceIdentityType,
                                                Use::Refused),
    member<&AssumeRoleRequest::provided_contexts>("ProvidedContexts", kProvidedContextsListType,
                                                  Use::Refused));
constexpr auto kAssumeRoleRequest =
    structure<AssumeRoleRequest>("AssumeRoleRequest", kAssumeRoleRequestMembers);
constexpr auto kAccessKeyIdType = text("accessKeyIdType", {.min = 16, .max = 128});
constexpr auto kAccessKeySecretType = text("accessKeySecretType");
constexpr auto kTokenType = text("tokenType");
constexpr auto kDateType = timestamp("dateType");
constexpr auto kCredentialsMembers = members(
    member<&Credentials::access_key_id>("AccessKeyId", kAccessKeyIdType, Use::Refused,
                                        {.required = true}),
    member<&Credentials::secret_access_key>("SecretAccessKey", kAccessKeySecretType, Use::Refused,
                                            {.required = true}),
    member<&Credentials::session_token>("SessionToken", kTokenType, Use::Refused,
                                        {.required = true}),
    member<&Credentials::expiration>("Expiration", kDateType, Use::Refused, {.required = true}));
constexpr auto kCredentials = structure<Credentials>("Credentials", kCredentialsMembers);
constexpr auto kAssumedRoleIdType = text("assumedRoleIdType", {.min = 2, .max = 193});
constexpr auto kAssumedRoleUserMembers =
    members(member<&AssumedRoleUser::assumed_role_id>("AssumedRoleId", kAssumedRoleIdType,
                                                      Use::Refused, {.required = true}),
            member<&AssumedRoleUser::arn>("Arn", kArnType, Use::Refused, {.required = true}));
constexpr auto kAssumedRoleUser =
    structure<AssumedRoleUser>("AssumedRoleUser", kAssumedRoleUserMembers);
constexpr auto kNonNegativeIntegerType = number<int32_t>("nonNegativeIntegerType", {.min = 0});
constexpr auto kAssumeRoleResponseMembers =
    members(member<&AssumeRoleResponse::credentials>("Credentials", kCredentials, Use::Refused),
            member<&AssumeRoleResponse::assumed_role_user>("AssumedRoleUser", kAssumedRoleUser,
                                                           Use::Refused),
            member<&AssumeRoleResponse::packed_policy_size>("PackedPolicySize",
                                                            kNonNegativeIntegerType, Use::Refused),
            member<&AssumeRoleResponse::source_identity>("SourceIdentity", kSourceIdentityType,
                                                         Use::Refused));
constexpr auto kAssumeRoleResponse =
    structure<AssumeRoleResponse>("AssumeRoleResponse", kAssumeRoleResponseMembers);
constexpr auto kSAMLAssertionType = text("SAMLAssertionType", {.min = 4, .max = 100000});
constexpr auto kSessionPolicyDocumentType =
    text("sessionPolicyDocumentType", {.min = 1, .max = 2048});
constexpr auto kAssumeRoleWithSAMLRequestMembers = members(
    member<&AssumeRoleWithSAMLRequest::role_arn>("RoleArn", kArnType, Use::Refused,
                                                 {.required = true}),
    member<&AssumeRoleWithSAMLRequest::principal_arn>("PrincipalArn", kArnType, Use::Refused,
                                                      {.required = true}),
    member<&AssumeRoleWithSAMLRequest::saml_assertion>("SAMLAssertion", kSAMLAssertionType,
                                                       Use::Refused, {.required = true}),
    member<&AssumeRoleWithSAMLRequest::policy_arns>("PolicyArns", kPolicyDescriptorListType,
                                                    Use::Refused),
    member<&AssumeRoleWithSAMLRequest::policy>("Policy", kSessionPolicyDocumentType, Use::Refused),
    member<&AssumeRoleWithSAMLRequest::duration_seconds>("DurationSeconds",
                                                         kRoleDurationSecondsType, Use::Refused));
constexpr auto kAssumeRoleWithSAMLRequest = structure<AssumeRoleWithSAMLRequest>(
    "AssumeRoleWithSAMLRequest", kAssumeRoleWithSAMLRequestMembers);
constexpr auto kSubject = text("Subject");
constexpr auto kSubjectType = text("SubjectType");
constexpr auto kIssuer = text("Issuer");
constexpr auto kAudience = text("Audience");
constexpr auto kNameQualifier = text("NameQualifier");
constexpr auto kAssumeRoleWithSAMLResponseMembers = members(
    member<&AssumeRoleWithSAMLResponse::credentials>("Credentials", kCredentials, Use::Refused),
    member<&AssumeRoleWithSAMLResponse::assumed_role_user>("AssumedRoleUser", kAssumedRoleUser,
                                                           Use::Refused),
    member<&AssumeRoleWithSAMLResponse::packed_policy_size>("PackedPolicySize",
                                                            kNonNegativeIntegerType, Use::Refused),
    member<&AssumeRoleWithSAMLResponse::subject>("Subject", kSubject, Use::Refused),
    member<&AssumeRoleWithSAMLResponse::subject_type>("SubjectType", kSubjectType, Use::Refused),
    member<&AssumeRoleWithSAMLResponse::issuer>("Issuer", kIssuer, Use::Refused),
    member<&AssumeRoleWithSAMLResponse::audience>("Audience", kAudience, Use::Refused),
    member<&AssumeRoleWithSAMLResponse::name_qualifier>("NameQualifier", kNameQualifier,
                                                        Use::Refused),
    member<&AssumeRoleWithSAMLResponse::source_identity>("SourceIdentity", kSourceIdentityType,
                                                         Use::Refused));
constexpr auto kAssumeRoleWithSAMLResponse = structure<AssumeRoleWithSAMLResponse>(
    "AssumeRoleWithSAMLResponse", kAssumeRoleWithSAMLResponseMembers);
constexpr auto kClientTokenType = text("clientTokenType", {.min = 4, .max = 20000});
constexpr auto kUrlType = text("urlType", {.min = 4, .max = 2048});
constexpr auto kAssumeRoleWithWebIdentityRequestMembers = members(
    member<&AssumeRoleWithWebIdentityRequest::role_arn>("RoleArn", kArnType, Use::Refused,
                                                        {.required = true}),
    member<&AssumeRoleWithWebIdentityRequest::role_session_name>(
        "RoleSessionName", kRoleSessionNameType, Use::Refused, {.required = true}),
    member<&AssumeRoleWithWebIdentityRequest::web_identity_token>(
        "WebIdentityToken", kClientTokenType, Use::Refused, {.required = true}),
    member<&AssumeRoleWithWebIdentityRequest::provider_id>("ProviderId", kUrlType, Use::Refused),
    member<&AssumeRoleWithWebIdentityRequest::policy_arns>("PolicyArns", kPolicyDescriptorListType,
                                                           Use::Refused),
    member<&AssumeRoleWithWebIdentityRequest::policy>("Policy", kSessionPolicyDocumentType,
                                                      Use::Refused),
    member<&AssumeRoleWithWebIdentityRequest::duration_seconds>(
        "DurationSeconds", kRoleDurationSecondsType, Use::Refused));
constexpr auto kAssumeRoleWithWebIdentityRequest = structure<AssumeRoleWithWebIdentityRequest>(
    "AssumeRoleWithWebIdentityRequest", kAssumeRoleWithWebIdentityRequestMembers);
constexpr auto kWebIdentitySubjectType = text("webIdentitySubjectType", {.min = 6, .max = 255});
constexpr auto kAssumeRoleWithWebIdentityResponseMembers = members(
    member<&AssumeRoleWithWebIdentityResponse::credentials>("Credentials", kCredentials,
                                                            Use::Refused),
    member<&AssumeRoleWithWebIdentityResponse::subject_from_web_identity_token>(
        "SubjectFromWebIdentityToken", kWebIdentitySubjectType, Use::Refused),
    member<&AssumeRoleWithWebIdentityResponse::assumed_role_user>("AssumedRoleUser",
                                                                  kAssumedRoleUser, Use::Refused),
    member<&AssumeRoleWithWebIdentityResponse::packed_policy_size>(
        "PackedPolicySize", kNonNegativeIntegerType, Use::Refused),
    member<&AssumeRoleWithWebIdentityResponse::provider>("Provider", kIssuer, Use::Refused),
    member<&AssumeRoleWithWebIdentityResponse::audience>("Audience", kAudience, Use::Refused),
    member<&AssumeRoleWithWebIdentityResponse::source_identity>("SourceIdentity",
                                                                kSourceIdentityType, Use::Refused));
constexpr auto kAssumeRoleWithWebIdentityResponse = structure<AssumeRoleWithWebIdentityResponse>(
    "AssumeRoleWithWebIdentityResponse", kAssumeRoleWithWebIdentityResponseMembers);
constexpr auto kTargetPrincipalType = text("TargetPrincipalType", {.min = 12, .max = 2048});
constexpr auto kRootDurationSecondsType =
    number<int32_t>("RootDurationSecondsType", {.min = 0, .max = 900});
constexpr auto kAssumeRootRequestMembers =
    members(member<&AssumeRootRequest::target_principal>("TargetPrincipal", kTargetPrincipalType,
                                                         Use::Refused, {.required = true}),
            member<&AssumeRootRequest::task_policy_arn>("TaskPolicyArn", kPolicyDescriptorType,
                                                        Use::Refused, {.required = true}),
            member<&AssumeRootRequest::duration_seconds>("DurationSeconds",
                                                         kRootDurationSecondsType, Use::Refused));
constexpr auto kAssumeRootRequest =
    structure<AssumeRootRequest>("AssumeRootRequest", kAssumeRootRequestMembers);
constexpr auto kAssumeRootResponseMembers =
    members(member<&AssumeRootResponse::credentials>("Credentials", kCredentials, Use::Refused),
            member<&AssumeRootResponse::source_identity>("SourceIdentity", kSourceIdentityType,
                                                         Use::Refused));
constexpr auto kAssumeRootResponse =
    structure<AssumeRootResponse>("AssumeRootResponse", kAssumeRootResponseMembers);
constexpr auto kEncodedMessageType = text("encodedMessageType", {.min = 1, .max = 10240});
constexpr auto kDecodeAuthorizationMessageRequestMembers =
    members(member<&DecodeAuthorizationMessageRequest::encoded_message>(
        "EncodedMessage", kEncodedMessageType, Use::Refused, {.required = true}));
constexpr auto kDecodeAuthorizationMessageRequest = structure<DecodeAuthorizationMessageRequest>(
    "DecodeAuthorizationMessageRequest", kDecodeAuthorizationMessageRequestMembers);
constexpr auto kDecodedMessageType = text("decodedMessageType");
constexpr auto kDecodeAuthorizationMessageResponseMembers =
    members(member<&DecodeAuthorizationMessageResponse::decoded_message>(
        "DecodedMessage", kDecodedMessageType, Use::Refused));
constexpr auto kDecodeAuthorizationMessageResponse = structure<DecodeAuthorizationMessageResponse>(
    "DecodeAuthorizationMessageResponse", kDecodeAuthorizationMessageResponseMembers);
constexpr auto kGetAccessKeyInfoRequestMembers =
    members(member<&GetAccessKeyInfoRequest::access_key_id>("AccessKeyId", kAccessKeyIdType,
                                                            Use::Refused, {.required = true}));
constexpr auto kGetAccessKeyInfoRequest =
    structure<GetAccessKeyInfoRequest>("GetAccessKeyInfoRequest", kGetAccessKeyInfoRequestMembers);
constexpr auto kGetAccessKeyInfoResponseMembers =
    members(member<&GetAccessKeyInfoResponse::account>("Account", kAccountType, Use::Refused));
constexpr auto kGetAccessKeyInfoResponse = structure<GetAccessKeyInfoResponse>(
    "GetAccessKeyInfoResponse", kGetAccessKeyInfoResponseMembers);
constexpr auto kTradeInTokenType = text("tradeInTokenType");
constexpr auto kGetDelegatedAccessTokenRequestMembers =
    members(member<&GetDelegatedAccessTokenRequest::trade_in_token>(
        "TradeInToken", kTradeInTokenType, Use::Refused, {.required = true}));
constexpr auto kGetDelegatedAccessTokenRequest = structure<GetDelegatedAccessTokenRequest>(
    "GetDelegatedAccessTokenRequest", kGetDelegatedAccessTokenRequestMembers);
constexpr auto kGetDelegatedAccessTokenResponseMembers =
    members(member<&GetDelegatedAccessTokenResponse::credentials>("Credentials", kCredentials,
                                                                  Use::Refused),
            member<&GetDelegatedAccessTokenResponse::packed_policy_size>(
                "PackedPolicySize", kNonNegativeIntegerType, Use::Refused),
            member<&GetDelegatedAccessTokenResponse::assumed_principal>("AssumedPrincipal",
                                                                        kArnType, Use::Refused));
constexpr auto kGetDelegatedAccessTokenResponse = structure<GetDelegatedAccessTokenResponse>(
    "GetDelegatedAccessTokenResponse", kGetDelegatedAccessTokenResponseMembers);
constexpr auto kUserNameType = text("userNameType", {.min = 2, .max = 32});
constexpr auto kDurationSecondsType =
    number<int32_t>("durationSecondsType", {.min = 900, .max = 129600});
constexpr auto kGetFederationTokenRequestMembers = members(
    member<&GetFederationTokenRequest::name>("Name", kUserNameType, Use::Refused,
                                             {.required = true}),
    member<&GetFederationTokenRequest::policy>("Policy", kSessionPolicyDocumentType, Use::Refused),
    member<&GetFederationTokenRequest::policy_arns>("PolicyArns", kPolicyDescriptorListType,
                                                    Use::Refused),
    member<&GetFederationTokenRequest::duration_seconds>("DurationSeconds", kDurationSecondsType,
                                                         Use::Refused),
    member<&GetFederationTokenRequest::tags>("Tags", kTagListType, Use::Refused));
constexpr auto kGetFederationTokenRequest = structure<GetFederationTokenRequest>(
    "GetFederationTokenRequest", kGetFederationTokenRequestMembers);
constexpr auto kFederatedIdType = text("federatedIdType", {.min = 2, .max = 193});
constexpr auto kFederatedUserMembers =
    members(member<&FederatedUser::federated_user_id>("FederatedUserId", kFederatedIdType,
                                                      Use::Refused, {.required = true}),
            member<&FederatedUser::arn>("Arn", kArnType, Use::Refused, {.required = true}));
constexpr auto kFederatedUser = structure<FederatedUser>("FederatedUser", kFederatedUserMembers);
constexpr auto kGetFederationTokenResponseMembers = members(
    member<&GetFederationTokenResponse::credentials>("Credentials", kCredentials, Use::Refused),
    member<&GetFederationTokenResponse::federated_user>("FederatedUser", kFederatedUser,
                                                        Use::Refused),
    member<&GetFederationTokenResponse::packed_policy_size>("PackedPolicySize",
                                                            kNonNegativeIntegerType, Use::Refused));
constexpr auto kGetFederationTokenResponse = structure<GetFederationTokenResponse>(
    "GetFederationTokenResponse", kGetFederationTokenResponseMembers);
constexpr auto kGetSessionTokenRequestMembers = members(
    member<&GetSessionTokenRequest::duration_seconds>("DurationSeconds", kDurationSecondsType,
                                                      Use::Refused),
    member<&GetSessionTokenRequest::serial_number>("SerialNumber", kSerialNumberType, Use::Refused),
    member<&GetSessionTokenRequest::token_code>("TokenCode", kTokenCodeType, Use::Refused));
constexpr auto kGetSessionTokenRequest =
    structure<GetSessionTokenRequest>("GetSessionTokenRequest", kGetSessionTokenRequestMembers);
constexpr auto kGetSessionTokenResponseMembers = members(
    member<&GetSessionTokenResponse::credentials>("Credentials", kCredentials, Use::Refused));
constexpr auto kGetSessionTokenResponse =
    structure<GetSessionTokenResponse>("GetSessionTokenResponse", kGetSessionTokenResponseMembers);
constexpr auto kWebIdentityTokenAudienceStringType =
    text("webIdentityTokenAudienceStringType", {.min = 1, .max = 1000});
constexpr auto kWebIdentityTokenAudienceListType = list_of(
    "webIdentityTokenAudienceListType", kWebIdentityTokenAudienceStringType, {.min = 1, .max = 10});
constexpr auto kWebIdentityTokenDurationSecondsType =
    number<int32_t>("webIdentityTokenDurationSecondsType", {.min = 60, .max = 3600});
constexpr auto kJwtAlgorithmType = text("jwtAlgorithmType", {.min = 5, .max = 5});
constexpr auto kGetWebIdentityTokenRequestMembers =
    members(member<&GetWebIdentityTokenRequest::audience>(
                "Audience", kWebIdentityTokenAudienceListType, Use::Refused, {.required = true}),
            member<&GetWebIdentityTokenRequest::duration_seconds>(
                "DurationSeconds", kWebIdentityTokenDurationSecondsType, Use::Refused),
            member<&GetWebIdentityTokenRequest::signing_algorithm>(
                "SigningAlgorithm", kJwtAlgorithmType, Use::Refused, {.required = true}),
            member<&GetWebIdentityTokenRequest::tags>("Tags", kTagListType, Use::Refused));
constexpr auto kGetWebIdentityTokenRequest = structure<GetWebIdentityTokenRequest>(
    "GetWebIdentityTokenRequest", kGetWebIdentityTokenRequestMembers);
constexpr auto kWebIdentityTokenType = text("webIdentityTokenType");
constexpr auto kGetWebIdentityTokenResponseMembers = members(
    member<&GetWebIdentityTokenResponse::web_identity_token>("WebIdentityToken",
                                                             kWebIdentityTokenType, Use::Refused),
    member<&GetWebIdentityTokenResponse::expiration>("Expiration", kDateType, Use::Refused));
constexpr auto kGetWebIdentityTokenResponse = structure<GetWebIdentityTokenResponse>(
    "GetWebIdentityTokenResponse", kGetWebIdentityTokenResponseMembers);

constexpr OperationShapes kOperations[] = {
    operation("AssumeRole", kAssumeRoleRequest, &kAssumeRoleResponse),
    operation("AssumeRoleWithSAML", kAssumeRoleWithSAMLRequest, &kAssumeRoleWithSAMLResponse),
    operation("AssumeRoleWithWebIdentity", kAssumeRoleWithWebIdentityRequest,
              &kAssumeRoleWithWebIdentityResponse),
    operation("AssumeRoot", kAssumeRootRequest, &kAssumeRootResponse),
    operation("DecodeAuthorizationMessage", kDecodeAuthorizationMessageRequest,
              &kDecodeAuthorizationMessageResponse),
    operation("GetAccessKeyInfo", kGetAccessKeyInfoRequest, &kGetAccessKeyInfoResponse),
    operation("GetCallerIdentity", kGetCallerIdentityRequest, &kGetCallerIdentityResponse),
    operation("GetDelegatedAccessToken", kGetDelegatedAccessTokenRequest,
              &kGetDelegatedAccessTokenResponse),
    operation("GetFederationToken", kGetFederationTokenRequest, &kGetFederationTokenResponse),
    operation("GetSessionToken", kGetSessionTokenRequest, &kGetSessionTokenResponse),
    operation("GetWebIdentityToken", kGetWebIdentityTokenRequest, &kGetWebIdentityTokenResponse),
};

}  // namespace

std::span<const OperationShapes> operation_shapes() { return kOperations; }

}  // namespace kansoku::aws::sts
