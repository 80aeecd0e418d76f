/**
 * Reasons and warnings: why an instance or a file did not end as `stored`, and remarks about one that did. States,
 * receipts and reports use them. Each code has one row: a sentence for a person and the next step. Codes are a contract
 * and never renamed. No sentence may hold a value of the data.
 */

type Reason = {
  /** Says what happened. */
  readonly title: string;
  /** Says what to do next. */
  readonly next: string;
};

/** The next step for an instance that a PACS would store, but the policy holds for a person (irregularities.ts). */
export const ODD_NEXT =
  'Export the study again. If it comes out the same, leave it out, release it where you can, or send it under another policy.';

/** Why a file or an instance did not end as `stored`. */
export const REASONS = {
  // The file is not DICOM at all.
  'empty-file': { title: 'The file is empty (0 bytes).', next: 'Copy it from its source again.' },
  'not-dicom': {
    title: 'The file is not DICOM.',
    next: 'If it should be an image of the study, ask the modality for the DICOM export.',
  },
  'not-dicom-image': {
    title: 'The file is an ordinary picture, not DICOM.',
    next: 'Ask the modality for the DICOM export.',
  },
  'not-dicom-document': {
    title: 'The file is a document, not DICOM.',
    next: 'Ask for the DICOM export of it.',
  },
  'not-dicom-archive': {
    title: 'The file is an archive, not DICOM.',
    next: 'Unpack it and choose the files in it.',
  },
  'not-dicom-disc': {
    title: 'The file is the image of a disc (ISO), not DICOM.',
    next: 'Mount it (open it as a drive), then choose the folder or the files in it.',
  },
  'not-dicom-stick': {
    title: 'The file holds encrypted studies that were saved for a USB stick. This page can’t send it.',
    next: 'Give it to your IT staff: they send it from a computer with a network (command “relay send”).',
  },
  // The file is damaged.
  truncated: {
    title: 'The file ends too early: a part of it is missing.',
    next: 'Copy it from its source again.',
  },
  'not-parseable': {
    title: 'The file cannot be read as DICOM.',
    next: 'Export the study again.',
  },
  'length-beyond-end': {
    title: 'A length in the file points beyond its end.',
    next: 'Copy it from its source again.',
  },
  'inconsistent-length': {
    title: 'Lengths inside the file contradict each other.',
    next: 'Export the study again.',
  },
  'missing-delimiter': {
    title: 'A part of unknown length in the file is never closed.',
    next: 'Export the study again.',
  },
  'nesting-too-deep': {
    title: 'Sequences are nested deeper than any real object needs.',
    next: 'Do not send this file. An administrator must find out where it came from.',
  },
  'too-many-items': {
    title: 'A sequence has more items than the limit.',
    next: 'An administrator must find out where it came from.',
  },
  'too-many-elements': {
    title: 'The file has more elements than the limit.',
    next: 'An administrator must find out where it came from.',
  },
  'header-too-large': {
    title: 'The part of the file before the pixels is larger than the limit.',
    next: 'An administrator must find out where it came from.',
  },
  'instance-too-large': {
    title: 'The image is larger than the limit.',
    next: 'An administrator must find out where it came from.',
  },
  'expansion-limit': {
    title: 'The compressed file grows beyond the limit when it is opened.',
    next: 'Do not send this file. An administrator must find out where it came from.',
  },
  'cannot-be-opened': {
    title: 'Opening the image took more time or memory than an image may take.',
    next: 'It was not stored. An administrator must find out where it came from.',
  },
  'forbidden-preamble': {
    title: 'The file is DICOM and also a program or document.',
    next: 'Do not open it with other programs. An administrator must find out where it came from.',
  },
  'trailing-data': {
    title: 'The file has extra bytes after the end of the object.',
    next: 'Export the study again.',
  },
  'duplicate-element': { title: 'An element occurs twice.', next: 'Export the study again.' },
  'wrong-vr': {
    title: 'An essential element has the wrong type.',
    next: 'Export the study again.',
  },
  'unknown-vr': { title: 'An element has a type that DICOM does not know.', next: 'Export the study again.' },
  'multiple-values': {
    title: 'An element that must have one value has several.',
    next: 'Export the study again.',
  },
  'command-element': {
    title: 'The file contains network commands, which do not belong in a file.',
    next: 'Export the study again.',
  },
  'file-meta-in-data-set': {
    title: 'File Meta Information stands inside the Data Set.',
    next: 'Export the study again.',
  },
  'file-meta-twice': { title: 'File Meta Information stands in the file twice.', next: ODD_NEXT },
  'sequence-unreadable': {
    title: 'A sequence without a type (VR UN) cannot be read.',
    next: ODD_NEXT,
  },
  'identifier-mismatch': {
    title: 'The identifiers at the start of the file and inside it differ.',
    next: 'Export the study again.',
  },
  'missing-uid': {
    title: 'An identifier that every PACS needs is missing.',
    next: 'Export the study from the modality, not from a viewer.',
  },
  'invalid-uid': { title: 'An identifier is not a valid UID.', next: 'Export the study again.' },
  'uid-form': {
    title:
      'An identifier has more than 64 characters, a leading zero or letters, which the standard does not allow.',
    next: ODD_NEXT,
  },
  'odd-length': {
    title:
      'A value has an odd number of bytes, which the standard does not allow. The program that wrote the file is at fault; look whether the picture is whole.',
    next: ODD_NEXT,
  },
  'transfer-syntax-unknown': {
    title: 'The transfer syntax of the file is not known: private, or newer than this app.',
    next: 'Export the study in a standard transfer syntax. If you cannot, leave it out, or send it under another policy or from the modality: the PACS may know it.',
  },
  'transfer-syntax-mismatch': {
    title: 'The file is not encoded as it claims.',
    next: 'Export the study again.',
  },
  'sop-class-not-storage': {
    title: 'This kind of object cannot be stored (for example a media directory).',
    next: 'If it is the index of a disc (DICOMDIR), its images travel on their own. If it should be an image, export the study again.',
  },
  // The pixels cannot be what the header says.
  'pixel-data-encoding': {
    title: 'The pixels are not encoded as the transfer syntax says.',
    next: 'Export the study again.',
  },
  'pixel-data-length': {
    title:
      'The image has less or more pixel data than its rows, columns and frames need: a part of the picture may be missing.',
    next: ODD_NEXT,
  },
  'pixel-data-missing': { title: 'The image has no pixel data.', next: ODD_NEXT },
  'pixel-data-not-decodable': {
    title: 'The compressed pixel data is laid out in a way that this app cannot read.',
    next: ODD_NEXT,
  },
  'offset-table-invalid': {
    title: 'The table that finds the frames points beyond the data.',
    next: 'Export the study again.',
  },
  'invalid-dimensions': { title: 'The image has no rows or no columns.', next: 'Export the study again.' },
  'invalid-number-of-frames': {
    title: 'The number of frames is not a positive number.',
    next: 'Export the study again.',
  },
  'inconsistent-pixel-module': {
    title: 'The description of the pixels contradicts itself.',
    next: 'Export the study again.',
  },
  'palette-missing': {
    title: 'The image needs a colour palette that it does not have.',
    next: 'Export the study again.',
  },
  // Archives.
  'archive-unsafe-path': {
    title: 'The archive names files outside itself.',
    next: 'Do not unpack it. An administrator must find out where it came from.',
  },
  'archive-expansion-limit': {
    title: 'The archive grows beyond the limit when it is opened.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-too-many-entries': {
    title: 'The archive has more entries than the limit.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-nested': { title: 'The archive holds another archive.', next: 'Unpack it and choose the folder.' },
  'archive-duplicate-entry': {
    title: 'The archive has two entries with the same name.',
    next: 'Unpack it and choose the files.',
  },
  'archive-damaged': { title: 'The archive is damaged.', next: 'Copy it from its source again.' },
  'archive-encrypted': {
    title: 'The archive asks for a password.',
    next: 'Unpack it and choose the folder.',
  },
  'file-unreadable': {
    title: 'The device could not read the file.',
    next: 'Put the medium in again and choose the file once more.',
  },
  'file-changed': {
    title: 'The file was changed while it was being made safe.',
    next: 'Choose it again once nothing writes to it.',
  },
  // The gateway or the PACS decided.
  'conflicting-instance': {
    title:
      'A different image with this ID is already there. This one was not stored, and nothing was overwritten.',
    next: 'If this one is not needed, leave it out: the other one stands. If both are needed, send a new export of this one. If the other one was deleted in the PACS, ask the PACS again.',
  },
  'already-here-other-policy': {
    title: 'Not stored: the PACS keeps the same original under another version of the policy.',
    next: 'Leave it out: the first one stays in the PACS. If that one must not stay, ask the PACS’s administrator to delete it there.',
  },
  'already-here-other-boxes': {
    title:
      'Not stored: the PACS keeps the same original as it was sent first, with other parts covered or none, or from another version of this app.',
    next: 'If a name was covered only this time, it may still be visible in the PACS: ask the PACS’s administrator to delete or cover the first one there. Then leave this one out.',
  },
  'already-here-other-key': {
    title:
      'An image with this identifier was stored under another key, so nobody can tell whether it is the same.',
    next: 'Leave it out, or send it under a policy that replaces identifiers.',
  },
  'digest-mismatch': {
    title: 'The bytes that arrived are not the bytes that were promised.',
    next: 'It is sent again automatically.',
  },
  'manifest-mismatch': {
    title: 'The image is not the one that was promised.',
    next: 'Choose the study again.',
  },
  'identity-remains': {
    title: 'The image still holds identifying values.',
    next: 'It was not stored. An administrator must find out why.',
  },
  'cover-mismatch': {
    title: 'The image says that parts of it are covered, but they are not blank.',
    next: 'It was not stored. Cover it again from the original. If it happens twice, an administrator must find out why.',
  },
  'cannot-be-verified': {
    title: 'The gateway could not check the image: the check itself kept failing.',
    next: 'It was not stored. Try again. If it happens twice, an administrator must find out why.',
  },
  'cannot-be-deidentified': {
    title: 'Names cannot be removed safely from this kind of file. It will not be sent.',
    next: 'Leave it out, or send it under another policy.',
  },
  'issuer-missing': {
    title: 'The file does not say who issued its Patient ID, and the policy tells patients apart by that.',
    next: 'Export it with Issuer of Patient ID, or send it under another policy.',
  },
  'named-by-companion': {
    title:
      'This image may identify the patient: its text repeats a name, number or date from other images of the study.',
    next: 'Read the text; release the image or leave it out, or send it under another policy.',
  },
  'too-much-to-deidentify': {
    title: 'The file has more identifiers, or more free text, than can be made safe.',
    next: 'Leave it out. An administrator must find out where it came from.',
  },
  'pixel-data-not-clearable': {
    title: 'The pixel data may hold text or sound that no image shows and that cannot be cleared.',
    next: 'Leave it out, or send it under another policy.',
  },
  'burned-in-annotation': {
    title: 'This image is marked as showing a name or other identifying text.',
    next: 'Look at it; cover the name, release it or leave it out, or send it under another policy.',
  },
  'undeclared-text': {
    title: 'Images of this kind often show a name, and this one does not say whether it does.',
    next: 'Look at it; cover the name, release it or leave it out, or send it under another policy.',
  },
  'cannot-be-covered': {
    title: 'This device cannot cover parts of this image: its pixels are damaged or of a kind not read here.',
    next: 'Leave it out, or export the study again.',
  },
  'order-not-writable': {
    title: 'The order has letters that the character set of this file does not have.',
    next: 'Send the study without the order, and correct its patient in the PACS.',
  },
  'coercion-not-writable': {
    title: 'The values that a rule wants for this destination cannot be written into this file.',
    next: 'An administrator must correct the rule: it has letters that the file’s character set does not have, or makes the accession number too long.',
  },
  'pacs-refused': {
    title: 'The PACS refused the image.',
    next: 'Try again once the PACS is fixed, or leave it out.',
  },
  'pacs-lost': {
    title: 'The PACS said it stored the image, but does not have it.',
    next: 'Try again. If it happens twice, an administrator must find out why.',
  },
  'pacs-changed-it': {
    title: 'The PACS changed the image that it was given.',
    next: 'If it rewrites all it takes, deleting does not help: set it right, use DICOMweb, take its list as proof, give it up, or leave it out.',
  },
  'pacs-fails-on-it': {
    title: 'The PACS keeps failing on this image: it does not accept it, or does not return it.',
    next: 'Try again once the PACS is fixed, or leave it out.',
  },
  'pacs-refuses-size': {
    title: 'The PACS, or a proxy before it, refuses requests as large as this image (status 413).',
    next: 'An administrator must raise the limit (nginx: client_max_body_size). Then try again.',
  },
  'no-copy-to-send': {
    title: 'The gateway no longer has the image, and the PACS that has it does not return it unchanged.',
    next: 'Send the study again from the device or medium it came from, or try again once the PACS returns it.',
  },
  'destination-given-up': {
    title: 'An administrator gave this destination up before it was seen to have the image.',
    next: 'If it is wanted there, an administrator can send it again on the page of destinations.',
  },
  'never-arrived': {
    title: 'The device promised the image, but it never arrived.',
    next: 'Choose the study again on the device that has it.',
  },
  'left-out': { title: 'A person left the image out.', next: 'Nothing to do.' },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;

export const REASON_CODES = Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]];

/** Remarks about an instance that is sent all the same. */
export const WARNINGS = {
  'file-meta-written': 'The file had no File Meta Information, or it was malformed; one was written.',
  'non-zero-preamble': 'The first 128 bytes of the file are not empty. Nothing to do.',
  'trailing-padding': 'The file ends with Data Set Trailing Padding.',
  'odd-length': 'A value has an odd number of bytes. It is sent as it is; nothing to do.',
  'transfer-syntax-unknown':
    'The transfer syntax of the file is private, or newer than this app. It is sent as it is; check in the PACS that the picture can be seen there.',
  'file-meta-twice':
    'File Meta Information stands in the file twice; the first one counts. It is sent as it is; where names are removed, the second one is left out.',
  'sequence-unreadable':
    'A sequence without a type (VR UN) cannot be read. It is sent as it is; where names are removed, the sequence is left out.',
  'tag-order': 'Elements are not in ascending order.',
  'file-meta-length': 'The length of the File Meta Information is wrong.',
  'missing-delimiter': 'The pixel data is not closed by a delimiter.',
  'undecodable-text': 'Text cannot be decoded with the character set that the file names.',
  'unknown-character-set': 'The file names a character set that is not known.',
  'patient-missing': 'The file has no Patient Name and no Patient ID.',
  'invalid-date': 'Invalid date.',
  'invalid-number': 'Invalid number.',
  'invalid-value-count': 'An element has more values than DICOM allows.',
  'value-too-long': 'A value is longer than DICOM allows.',
  'many-elements': 'The file has an unusual number of elements or items.',
  'unknown-vr': 'An element has a type that DICOM does not know.',
  'wrong-vr': 'An element has a different type than DICOM requires.',
  'sop-class-unknown': 'The standard does not have this kind of object.',
  'pixel-data-length':
    'An image has less or more pixel data than its rows, columns and frames need. It is sent as it is; check it in the PACS, and export it again if a part is missing.',
  'pixel-data-missing':
    'An image has no pixel data, so there is no picture to see. It is sent as it is; export it again if there should be one.',
  'pixel-data-not-decodable':
    'The compressed pixel data of an image is laid out in a way that this app cannot read. It is sent as it is; check in the PACS that it can be seen there.',
  'icon-oversized': 'The icon image claims an impossible size.',
  'identifier-mismatch': 'The identifiers at the start of the file and inside it differ; those inside count.',
  'control-characters': 'Text contains terminal controls or characters that change the direction of writing.',
  'name-form': 'A name is not written as the standard asks.',
  'uid-form':
    'An identifier has more than 64 characters, a leading zero or letters, which the standard does not allow. It is sent as it is; check that the PACS files the study correctly.',
  'uid-padding': 'An identifier is padded with a space instead of a zero byte.',
} as const satisfies Record<string, string>;

export type WarningCode = keyof typeof WARNINGS;
