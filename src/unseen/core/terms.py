"""Terms of the W3C Data Privacy Vocabulary 2.3 that policies and consents map to (https://w3id.org/dpv/2.3)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BASES", "CONSENT_STATES", "PREFIXES", "PURPOSES", "SPECIAL_BASES", "VERSION", "iri"]

VERSION = "2.3"
PREFIXES: Mapping[str, str] = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
}

#: Word in unseen.yaml -> term: the six bases of GDPR Art. 6(1).
BASES: Mapping[str, str] = {
    "consent": "eu-gdpr:A6-1-a",
    "contract": "eu-gdpr:A6-1-b",
    "legal-obligation": "eu-gdpr:A6-1-c",
    "vital-interest": "eu-gdpr:A6-1-d",
    "public-task": "eu-gdpr:A6-1-e",
    "legitimate-interest": "eu-gdpr:A6-1-f",
}

#: What may be needed beside it where data is of a special category: GDPR Art. 9(2).
SPECIAL_BASES: Mapping[str, str] = {
    "explicit-consent": "eu-gdpr:A9-2-a",
    "employment-and-social-security": "eu-gdpr:A9-2-b",
    "special-vital-interest": "eu-gdpr:A9-2-c",
    "legal-claims": "eu-gdpr:A9-2-f",
    "substantial-public-interest": "eu-gdpr:A9-2-g",
    "health-care": "eu-gdpr:A9-2-h",
    "public-health": "eu-gdpr:A9-2-i",
    "research-and-statistics": "eu-gdpr:A9-2-j",
}

_PURPOSES = """
AcademicResearch AccountManagement Advertising AgeVerification CombatClimateChange CommercialPurpose
CommercialResearch CommunicationForCustomerCare CommunicationManagement CounterMoneyLaundering Counterterrorism
CustomerCare CustomerClaimsManagement CustomerManagement CustomerOrderManagement CustomerRelationshipManagement
CustomerSolvencyMonitoring DataAltruism DeliveryOfGoods DirectMarketing DisputeManagement EnforceAccessControl
EnforceSecurity EstablishContractualAgreement FraudPreventionAndDetection FulfilmentOfContractualObligation
FulfilmentOfObligation HumanResourceManagement IdentityAuthentication IdentityVerification
ImproveExistingProductsAndServices ImproveHealthcare ImproveInternalCRMProcesses ImprovePublicServices
ImproveTransportMobility IncreaseServiceRobustness InternalResourceOptimisation LegalCompliance
MaintainFraudDatabase Marketing MemberPartnerManagement MisusePreventionAndDetection NonCommercialPurpose
NonCommercialResearch OptimisationForConsumer OptimisationForController OptimiseUserInterface
OrganisationComplianceManagement OrganisationGovernance OrganisationRiskManagement PaymentManagement Personalisation
PersonalisedAdvertising PersonalisedBenefits PersonnelBehaviourMonitoring PersonnelHiring PersonnelManagement
PersonnelMonitoring PersonnelOffboarding PersonnelOnboarding PersonnelPayment PersonnelPerformanceEvaluation
PersonnelPerformanceManagement PersonnelPerformanceMonitoring PersonnelPerformancePrediction
PersonnelPromotionManagement PersonnelTerminationManagement PersonnelWorkloadManagement PoliticalCampaign
ProtectionOfIPR ProtectionOfNationalSecurity ProtectionOfPublicSecurity ProvideEventRecommendations
ProvideOfficialStatistics ProvidePersonalisedRecommendations ProvideProductRecommendations PublicBenefit
PublicPolicyMaking PublicRelations Purpose RecordManagement RecruitmentAdvertising
RecruitmentApplicantBackgroundCheck RecruitmentApplicantCriminalBackgroundCheck
RecruitmentApplicantInformationAuthentication RecruitmentApplicantSelection RecruitmentApplicationAnalysis
RecruitmentApplicationManagement RecruitmentApplicationScreening RecruitmentInterviewAnalysis
RecruitmentInterviewAssessment RecruitmentInterviewManagement RecruitmentInterviewScheduling RecruitmentManagement
RecruitmentTargetedAdvertising RepairImpairments RequestedServiceProvision ResearchAndDevelopment RightsFulfilment
ScientificResearch SearchFunctionalities SellDataToThirdParties SellInsightsFromData SellProducts
SellProductsToDataSubject ServiceAccessDetermination ServiceManagement ServiceMonitoring ServiceOptimisation
ServicePersonalisation ServiceProvision ServiceRegistration ServiceUsageAnalytics SocialMediaMarketing
TargetedAdvertising TechnicalServiceProvision UserInterfacePersonalisation VendorManagement VendorPayment
VendorRecordsManagement VendorSelectionAssessment Verification
"""
#: All purposes of the vocabulary, which a purpose of unseen.yaml may name as its `term`.
PURPOSES: tuple[str, ...] = tuple(f"dpv:{name}" for name in _PURPOSES.split())

#: What a consent is worth -> term.
CONSENT_STATES: Mapping[str, str] = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
    "renewed": "dpv:RenewedConsentGiven",
    "none": "dpv:ConsentUnknown",
}


def iri(term: str) -> str:
    """Return the full address of a term, as https://w3id.org/dpv#ConsentGiven for dpv:ConsentGiven."""
    prefix, _, name = term.partition(":")
    return f"{PREFIXES[prefix]}{name}"
