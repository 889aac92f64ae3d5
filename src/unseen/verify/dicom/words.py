"""Words that say nothing of a person, although somebody may bear them or a test file be named by them."""

from __future__ import annotations

__all__ = ["COMMON"]

_MEDICAL = """
abdomen abdominal adult angio ankle ap arm arterial axial axis back base biopsy bladder bone brain breast
cardiac cerebral cervical chest child coil colon contrast coronal cranial delayed diffusion dose elbow female
femur finger flair foot forearm hand head heart hip image images iso kidney knee lateral left leg liver
localizer long lower lumbar lung male mammo mass medium mosaic neck normal oblique organ ovary pancreas pelvis
perfusion phase plain portal position pregnant prone prostate radius reference resting right sacral sagittal
scan scout shoulder skull slice soft spine spiral spleen standard stomach stress supine survey thorax tissue
trauma tumor tumour ulna upper uterus vein venous vessel view volume whole without with wrist abdo aorta echo
fetus gated head heads hemi joint lumbar sella sinus skin temporal thyroid tibia tongue
"""
_TECHNICAL = """
acquired acquisition active algorithm analysis angle applied area array auto average axis baseline beam bit
black body bright calibration camera case cell channel clinic clinical code collimator color colour comment
compressed compressedsamples compression computed computer copy count data dataset date default demo
demonstration derived description detector device diagnostic dicom digital dynamic empty encoded english
enhanced error example exam examination export file film filter first fixed flip frame frames full general
generated generic grade gray green grid grey group header high hospital identity index info information input
instance institution item jpeg kernel label large last legacy length level library light line list local
lossless lossy machine magnetic main manual mask matrix maximum mean measurement medical medicine method
minimum mixed mode model module monitor motion multi name native none noise number object office only operator
option order original other output overlay page palette patient person phantom philips physician pixel pixels
plan plane plus point power preset primary private procedure process processed protocol quality quick
radiology range rate real reconstruction region removed report request research result room routine sample
samples save screen second secondary section segment sequence series service set setup shot siemens signal
simple single site size small software source space special speed start state station status step stop storage
structure study subject system table target technician technique template test testing text three time title
tool toshiba total transfer true type unit university unknown unspecified user value variable version video
visit volume water wave weight white width window word work xray year zero anonymous anonymized anonymised
anon deidentified doctor general electric hitachi canon agfa kodak fuji fujifilm carestream hologic samsung
varian elekta medtronic esaote shimadzu and are for from has her him his not our the this was who you via use
new old one two per pre post sub max min sum end top nil null void yes med rad ref req std tra sag cor axi vol
img seq ser low mid off out run map mrs dwi adc tof swi pet mri cta mra usa gbr deu fra iod sop uid jan feb
mar apr may jun jul aug sep oct nov dec
"""
#: Lower case; names of months, body parts, parts of a scanner, makers, and what test files are called.
COMMON = frozenset(_MEDICAL.split()) | frozenset(_TECHNICAL.split())
