"""Attributes that may tell who somebody is, by what they hold; written down from the standard, not from a profile."""

from __future__ import annotations

__all__ = ["HOSPITALS", "KEPT_TEXTS", "MACHINES", "NAMES", "NUMBERS", "TEXTS", "UIDS"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES = _words(
    """
    ReferringPhysicianName ConsultingPhysicianName PhysiciansOfRecord PerformingPhysicianName
    NameOfPhysiciansReadingStudy OperatorsName OtherPatientNames PatientBirthName PatientMotherBirthName
    ResponsiblePerson RequestingPhysician ScheduledPerformingPhysicianName NamesOfIntendedRecipientsOfResults
    OrderEnteredBy HumanPerformerName ContentCreatorName VerifyingObserverName PersonName ReviewerName
    InterpretationRecorder InterpretationTranscriber InterpretationAuthor PhysicianApprovingInterpretation
    DistributionName ROIInterpreter EvaluatorName
    """
)
NUMBERS = _words(
    """
    AccessionNumber OtherPatientIDs IssuerOfPatientID MedicalRecordLocator AdmissionID ServiceEpisodeID
    RequestedProcedureID ScheduledProcedureStepID PerformedProcedureStepID PlacerOrderNumberImagingServiceRequest
    FillerOrderNumberImagingServiceRequest InsurancePlanIdentification MilitaryRank ClinicalTrialSubjectID
    ClinicalTrialSubjectReadingID SpecimenIdentifier ContainerIdentifier InterpretationID ResultsID StudyIDIssuer
    """
)
HOSPITALS = _words(
    """
    InstitutionName InstitutionalDepartmentName RequestingService PerformedLocation ScheduledProcedureStepLocation
    ClinicalTrialSponsorName ClinicalTrialSiteName OrderEntererLocation RequestedProcedureLocation
    """
)
MACHINES = _words(
    """
    StationName DeviceSerialNumber DeviceID PlateID DetectorID GantryID CassetteID GridID GeneratorID
    PerformedStationName ScheduledStationName PerformedStationAETitle ScheduledStationAETitle StationAETitle
    RetrieveAETitle SecondaryCaptureDeviceID
    """
)
TEXTS = _words(
    """
    SeriesDescription ProtocolName ImageComments PatientComments AdditionalPatientHistory StudyComments
    RequestedProcedureDescription RequestedProcedureComments PerformedProcedureStepDescription
    CommentsOnThePerformedProcedureStep ReasonForStudy ReasonForTheRequestedProcedure AdmittingDiagnosesDescription
    DerivationDescription AcquisitionComments FrameComments VisitComments MedicalAlerts Allergies Occupation
    EthnicGroup PatientReligiousPreference SpecialNeeds PatientState DischargeDiagnosisDescription
    InterpretationText ResultsComments ContentDescription ImagePresentationComments AcquisitionProtocolDescription
    ContributionDescription UnformattedTextValue LabelText TextComments ImagingServiceRequestComments
    IdentifyingComments ScheduledProcedureStepDescription AcquisitionDeviceProcessingDescription
    RequestedContrastAgent DocumentTitle
    """
)
UIDS = _words(
    """
    IrradiationEventUID TransactionUID ConcatenationUID DimensionOrganizationUID StorageMediaFileSetUID DeviceUID
    SynchronizationFrameOfReferenceUID PaletteColorLookupTableUID TemplateExtensionOrganizationUID FiducialUID
    TargetUID CreatorVersionUID UID LargePaletteColorLookupTableUID RelatedFrameOfReferenceUID TrackingUID
    """
)
#: Attributes that research needs and profiles keep; the patient's own name may be typed into them all the same.
KEPT_TEXTS = _words(
    """
    Manufacturer ManufacturerModelName SoftwareVersions ConvolutionKernel SequenceName ContrastBolusAgent FilterType
    ReceiveCoilName TransmitCoilName PulseSequenceName ContrastBolusRoute PositionReferenceIndicator
    WindowCenterWidthExplanation RescaleType BodyPartExamined PatientOrientation ScanOptions
    """
)
