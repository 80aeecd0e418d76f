/**
 * Facts about attributes that the tables (`profile.ts`) lack: which values are identifiers, and which values are terms
 * of a vocabulary although their VR could hold free text. Each list states its reason.
 */

/**
 * Identifiers of subjects, containers and specimens. One dummy for all of them would merge different things, so they
 * get a keyed pseudonym (D).
 */
export const IDENTIFIERS: ReadonlySet<number> = new Set([
  // Clinical Trial Subject ID, Clinical Trial Subject Reading ID
  0x00120040, 0x00120042,
  // Container Identifier, Specimen Identifier
  0x00400512, 0x00400551,
  // Tracking ID
  0x00620020,
]);

/**
 * UI attributes that identify classes, syntaxes, vocabularies or software instead of instances; PS3.15 E.3.9 note 4
 * calls them "structural".
 */
export const STRUCTURAL_UIDS: ReadonlySet<number> = new Set([
  0x00080016, 0x0008001a, 0x0008001b, 0x00080062, 0x0008010c, 0x0008010d, 0x00080117, 0x00080118, 0x00081150,
  0x0008115a, 0x00083002, 0x00089123, 0x00340003, 0x04000010, 0x04000510, 0x30100052, 0x30100053,
]);

/**
 * Type 1C attributes that PS3.3 allows only where another attribute has a value. Each is mapped to that other
 * attribute, and must go when the other has no value.
 */
export const CONDITIONS: ReadonlyMap<number, number> = new Map([
  [0x00102298, 0x00102297], // Responsible Person Role: Responsible Person (§C.7.1.1)
  [0x00120081, 0x00120082], // Ethics Committee Name: Ethics Committee Approval Number (§C.7.1.3)
]);

/**
 * LT, ST, UT and UR attributes that hold a term, a format or a URL of a vocabulary, never prose about a
 * person.
 */
export const TERMS: ReadonlySet<number> = new Set([
  // Code Sequence Macro
  0x00080108, 0x00080120,
  // Private Data Element Encoding
  0x0008030f,
  // Battery Level, Spectral Sensitivity, EXIF Version
  0x00160003, 0x00160017, 0x00160020,
  // Detector Mode, Grid Absorbing Material, Grid Spacing Material
  0x00187008, 0x00187040, 0x00187041,
  // Algorithm Parameters, Image Display Format, Conceptual Volume Combination Expression, Device Alternate
  // Identifier Format
  0x00660032, 0x20100010, 0x3010000c, 0x3010001d,
]);

/**
 * Sequences whose content is a report or a drawing. They are cleaned item by item so that the tree stays valid. In any
 * other sequence, action D replaces all content by dummies.
 */
export const CONTENT_SEQUENCES: ReadonlyMap<number, 'structured' | 'graphics'> = new Map([
  [0x0040a730, 'structured'], // Content Sequence
  [0x00400555, 'structured'], // Acquisition Context Sequence
  [0x00400610, 'structured'], // Specimen Preparation Sequence
  [0x0040b020, 'structured'], // Waveform Annotation Sequence: not in the table, holds Unformatted Text Value
  [0x00700001, 'graphics'], // Graphic Annotation Sequence
]);

/** Sequences that, inside a content tree, only name concepts, units and templates. */
export const VOCABULARY_SEQUENCES: ReadonlySet<number> = new Set([0x0040a043, 0x004008ea, 0x0040a504]);

/** The attributes of the Code Sequence Macro (PS3.3 §8.8) that hold text. */
export const CODE_ATTRIBUTES: ReadonlySet<number> = new Set([
  0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080119, 0x00080120,
]);

/**
 * The coding schemes in use, from PS3.16 Table 8-1. A code of one of these schemes names a concept; a code of any
 * other scheme may name a person, a ward or a device.
 */
export const STANDARD_CODING_SCHEMES: ReadonlySet<string> = new Set(
  (
    'ACR BI BARI C4 C5 CD2 CPT CVX DCM DCMUID FMA HPC I10 I10P I9 I9C IBSI ICD10 ICDO3 ISO3166_1 ISO639_1 ISO639_2 ISO_OID ' +
    'ISO8601 ITIS_TSN LN MA MAYOASRG MDC MDNS MGI MSH NCDR NCIt NDC NDFRT NEU NICIP NYUMCCG PATHLEX PUBCHEM_CID RADELEMENT RADLEX ' +
    'RFC3066 RFC5646 RXNORM SCT SNM3 SRT UBERON UCUM UMLS UNS UPC'
  ).split(' '),
);

/**
 * Concepts of TID 1007 (subject context) and 3602 (patient characteristics), as scheme and code value. The table
 * removes these values at the top level, so they must not come back through the content tree.
 */
export const PATIENT_CONCEPTS: ReadonlySet<string> = new Set([
  // Subject Name, ID, Birth Date, Sex, Age
  ...['DCM 121029', 'DCM 121030', 'DCM 121031', 'DCM 121032', 'DCM 121033'],
  // the same in LOINC and SNOMED CT: birth date, sex, gender, age
  ...['LN 21112-8', 'LN 46098-0', 'LN 30525-0', 'SCT 263495000', 'SCT 397669002'],
  ...['SCT 424144002', 'SRT G-A22D'],
  // height, weight, body mass index, body surface area
  ...['LN 8302-2', 'LN 3137-7', 'LN 29463-7', 'LN 3141-9', 'LN 39156-5', 'LN 8277-6'],
  ...['SCT 50373000', 'SCT 27113001', 'SCT 60621009', 'SRT F-01860'],
]);

/** Concepts for a birth date. No option keeps them, just as no option keeps Patient's Birth Date. */
export const BIRTH_DATE_CONCEPTS: ReadonlySet<string> = new Set(['DCM 121031', 'LN 21112-8']);

/** SOP Classes whose content is a document, a model or a voice recording. Nothing here can look into them. */
export const OPAQUE_SOP_CLASSES: readonly string[] = [
  '1.2.840.10008.5.1.4.1.1.104.', // Encapsulated PDF, CDA, STL, OBJ, MTL
  '1.2.840.10008.5.1.4.1.1.9.4.', // Basic Voice and General Audio Waveform
];
