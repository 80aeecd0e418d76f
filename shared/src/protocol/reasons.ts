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
  'Export the study again. If the result is the same, leave it out, release it if possible, or send it with another policy.';

/** Why a file or an instance did not end as `stored`. */
export const REASONS = {
  // The file is not DICOM at all.
  'empty-file': { title: 'The file is empty (0 bytes).', next: 'Copy it from its source again.' },
  'not-dicom': {
    title: 'The file is not DICOM.',
    next: 'If it should be an image of the study, ask the modality for the DICOM export.',
  },
  'not-dicom-image': {
    title: 'The file is a regular picture, not DICOM.',
    next: 'Ask the modality for the DICOM export.',
  },
  'not-dicom-document': {
    title: 'The file is a document, not DICOM.',
    next: 'Ask for a DICOM export of it.',
  },
  'not-dicom-archive': {
    title: 'The file is an archive, not DICOM.',
    next: 'Unpack it and choose the files in it.',
  },
  'not-dicom-disc': {
    title: 'The file is a disc image (ISO), not DICOM.',
    next: 'Open it as a drive (mount it). Then choose the folder or the files in it.',
  },
  'not-dicom-stick': {
    title: 'The file contains encrypted studies saved for a USB stick. This page can’t send it.',
    next: 'Give it to your IT staff. They send it from a computer with a network (command “relay send”).',
  },
  // The file is damaged.
  truncated: {
    title: 'The file is incomplete: its end is missing.',
    next: 'Copy it from its source again.',
  },
  'not-parseable': {
    title: 'The file cannot be read as DICOM.',
    next: 'Export the study again.',
  },
  'length-beyond-end': {
    title: 'The file is damaged: a length points beyond its end.',
    next: 'Copy it from its source again.',
  },
  'inconsistent-length': {
    title: 'The file is damaged: lengths in it contradict each other.',
    next: 'Export the study again.',
  },
  'missing-delimiter': {
    title: 'The file is damaged: a part of unknown length has no end.',
    next: 'Export the study again.',
  },
  'nesting-too-deep': {
    title: 'The file has more nested sequences than the limit.',
    next: 'Do not send this file. An administrator must find out where it came from.',
  },
  'too-many-items': {
    title: 'A sequence has more items than the limit.',
    next: 'An administrator must find out where the file came from.',
  },
  'too-many-elements': {
    title: 'The file has more elements than the limit.',
    next: 'An administrator must find out where the file came from.',
  },
  'header-too-large': {
    title: 'The part of the file before the pixels is larger than the limit.',
    next: 'An administrator must find out where the file came from.',
  },
  'instance-too-large': {
    title: 'The image is larger than the limit.',
    next: 'An administrator must find out where the file came from.',
  },
  'expansion-limit': {
    title: 'The compressed file is larger than the limit when unpacked.',
    next: 'Do not send this file. An administrator must find out where it came from.',
  },
  'cannot-be-opened': {
    title: 'Opening the image took too much time or memory.',
    next: 'It was not stored. An administrator must find out where it came from.',
  },
  'forbidden-preamble': {
    title: 'The file is DICOM, but also a program or document.',
    next: 'Do not open it with other programs. An administrator must find out where it came from.',
  },
  'trailing-data': {
    title: 'The file has extra bytes after the end of the object.',
    next: 'Export the study again.',
  },
  'duplicate-element': { title: 'A DICOM element occurs twice.', next: 'Export the study again.' },
  'wrong-vr': {
    title: 'An essential DICOM element has the wrong type.',
    next: 'Export the study again.',
  },
  'unknown-vr': {
    title: 'An element has a type that is not defined in DICOM.',
    next: 'Export the study again.',
  },
  'multiple-values': {
    title: 'A DICOM element that must have one value has several.',
    next: 'Export the study again.',
  },
  'command-element': {
    title: 'The file contains network commands, which do not belong in a file.',
    next: 'Export the study again.',
  },
  'file-meta-in-data-set': {
    title: 'File Meta Information is inside the Data Set.',
    next: 'Export the study again.',
  },
  'file-meta-twice': { title: 'The file contains File Meta Information twice.', next: ODD_NEXT },
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
      'An identifier has more than 64 characters, a leading zero or letters, which the DICOM standard does not allow.',
    next: ODD_NEXT,
  },
  'odd-length': {
    title:
      'A value has an odd number of bytes, which the DICOM standard does not allow. The program that wrote the file caused this. Check that the picture is complete.',
    next: ODD_NEXT,
  },
  'transfer-syntax-unknown': {
    title: 'The transfer syntax of the file is unknown. It is private, or newer than this app.',
    next: 'Export the study in a standard transfer syntax. If you cannot, leave it out, send it with another policy, or send it from the modality. The PACS may support it.',
  },
  'transfer-syntax-mismatch': {
    title: 'The file does not use the encoding that it states.',
    next: 'Export the study again.',
  },
  'sop-class-not-storage': {
    title: 'This kind of object cannot be stored (for example a media directory).',
    next: 'If it is a disc index (DICOMDIR), its images are sent without it. If it should be an image, export the study again.',
  },
  // The pixels cannot be what the header says.
  'pixel-data-encoding': {
    title: 'The pixels do not use the encoding stated by the transfer syntax.',
    next: 'Export the study again.',
  },
  'pixel-data-length': {
    title:
      'The amount of pixel data does not match the rows, columns and frames. Part of the picture may be missing.',
    next: ODD_NEXT,
  },
  'pixel-data-missing': { title: 'The image has no pixel data.', next: ODD_NEXT },
  'pixel-data-not-decodable': {
    title: 'This app cannot read the format of the compressed pixel data.',
    next: ODD_NEXT,
  },
  'offset-table-invalid': {
    title: 'The file is damaged: the frame table points beyond the data.',
    next: 'Export the study again.',
  },
  'invalid-dimensions': { title: 'The image has no rows or no columns.', next: 'Export the study again.' },
  'invalid-number-of-frames': {
    title: 'The number of frames is not a positive number.',
    next: 'Export the study again.',
  },
  'inconsistent-pixel-module': {
    title: 'The file’s description of its pixels is contradictory.',
    next: 'Export the study again.',
  },
  'palette-missing': {
    title: 'The colour palette of the image is missing.',
    next: 'Export the study again.',
  },
  // Archives.
  'archive-unsafe-path': {
    title: 'The archive contains unsafe file paths outside its own folder.',
    next: 'Do not unpack it. An administrator must find out where it came from.',
  },
  'archive-expansion-limit': {
    title: 'The archive is larger than the limit when unpacked.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-too-many-entries': {
    title: 'The archive contains more files than the limit.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-nested': {
    title: 'The archive contains another archive.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-duplicate-entry': {
    title: 'The archive contains two files with the same name.',
    next: 'Unpack it and choose the files.',
  },
  'archive-damaged': { title: 'The archive is damaged.', next: 'Copy it from its source again.' },
  'archive-encrypted': {
    title: 'The archive is protected by a password.',
    next: 'Unpack it and choose the folder.',
  },
  'file-unreadable': {
    title: 'The device could not read the file.',
    next: 'Reinsert the disc or drive, then choose the file again.',
  },
  'file-changed': {
    title: 'The file was changed while it was being saved.',
    next: 'Choose it again when no other program is changing it.',
  },
  // The gateway or the PACS decided.
  'conflicting-instance': {
    title:
      'A different image with this ID already exists. This one was not stored, and nothing was overwritten.',
    next: 'If you don’t need this one, leave it out. If you need both, send a new export of this one. If the other one was deleted in the PACS, try storing again.',
  },
  'already-here-other-policy': {
    title: 'Not stored: the PACS already has the same original, sent with another version of the policy.',
    next: 'Leave it out. The first one stays in the PACS. If it should not stay there, ask your PACS administrator to delete it.',
  },
  'already-here-other-boxes': {
    title:
      'Not stored: the PACS already has the same original. It was sent with other parts covered or none, or from another version of this app.',
    next: 'If you covered a name only this time, it may still be visible in the PACS. Ask your PACS administrator to delete or cover the first one. Then leave this one out.',
  },
  'already-here-other-key': {
    title:
      'An image with this identifier was stored with another key, so it is not possible to check whether it is the same.',
    next: 'Leave it out, or send it with a policy that replaces identifiers.',
  },
  'digest-mismatch': {
    title: 'The image changed during transfer.',
    next: 'It is sent again automatically.',
  },
  'manifest-mismatch': {
    title: 'The image is not the one that was announced.',
    next: 'Choose the study again.',
  },
  'identity-remains': {
    title: 'The image still contains identifying values.',
    next: 'It was not stored. An administrator must find out why.',
  },
  'cover-mismatch': {
    title: 'Parts of the image that should be covered are not blank.',
    next: 'It was not stored. Cover it again from the original. If it happens again, an administrator must find out why.',
  },
  'cannot-be-verified': {
    title: 'The gateway could not check the image, because the check kept failing.',
    next: 'It was not stored. Try again. If it happens again, an administrator must find out why.',
  },
  'cannot-be-deidentified': {
    title: 'Names cannot be removed safely from this kind of file. It will not be sent.',
    next: 'Leave it out, or send it with another policy.',
  },
  'issuer-missing': {
    title:
      'The file does not state who issued its Patient ID. The policy needs this to distinguish patients.',
    next: 'Export it with Issuer of Patient ID, or send it with another policy.',
  },
  'named-by-companion': {
    title:
      'This image may identify the patient. Its text repeats a name, number or date from other images of the study.',
    next: 'Read the text. Then release the image, leave it out, or send it with another policy.',
  },
  'too-much-to-deidentify': {
    title: 'The file contains too many identifiers or too much free text to remove names from it.',
    next: 'Leave it out. An administrator must find out where it came from.',
  },
  'pixel-data-not-clearable': {
    title: 'The pixel data may contain hidden text or sound that cannot be removed.',
    next: 'Leave it out, or send it with another policy.',
  },
  'burned-in-annotation': {
    title: 'This image is marked as showing a name or other identifying text.',
    next: 'Look at it. Then cover the name, release the image, leave it out, or send it with another policy.',
  },
  'undeclared-text': {
    title: 'This kind of image often shows a name, and the file does not state whether this one does.',
    next: 'Look at it. Then cover the name, release the image, leave it out, or send it with another policy.',
  },
  'cannot-be-covered': {
    title: 'This device cannot cover parts of this image, because its pixels are damaged or not supported.',
    next: 'Leave it out, or export the study again.',
  },
  'order-not-writable': {
    title: 'The order contains letters that this file’s character set does not support.',
    next: 'Send the study without the order, and correct its patient in the PACS.',
  },
  'coercion-not-writable': {
    title: 'The values required by a rule for this destination cannot be written to this file.',
    next: 'An administrator must correct the rule. It uses letters that the file’s character set does not support, or makes the accession number too long.',
  },
  'pacs-refused': {
    title: 'The PACS refused the image.',
    next: 'Try again once the PACS is fixed, or leave it out.',
  },
  'pacs-lost': {
    title: 'The PACS confirmed the image, but does not have it.',
    next: 'Try again. If it happens again, an administrator must find out why.',
  },
  'pacs-changed-it': {
    title: 'The PACS changed the image.',
    next: 'If the PACS changes every image, deleting does not help. Correct its settings, use DICOMweb, accept its list as proof, give up this destination, or leave the image out.',
  },
  'pacs-fails-on-it': {
    title: 'The PACS keeps failing on this image. It does not accept it or does not return it.',
    next: 'Try again once the PACS is fixed, or leave it out.',
  },
  'pacs-refuses-size': {
    title: 'The image is too large for the PACS or its proxy (status 413).',
    next: 'An administrator must raise the limit (nginx: client_max_body_size). Then try again.',
  },
  'no-copy-to-send': {
    title: 'The gateway no longer has the image, and the PACS that has it does not return it unchanged.',
    next: 'Send the study again from its original device, disc or drive. Or try again when the PACS returns it.',
  },
  'destination-given-up': {
    title: 'An administrator gave up this destination before it confirmed the image.',
    next: 'If the image is needed there, an administrator can send it again under Destinations.',
  },
  'never-arrived': {
    title: 'The device announced the image, but it never arrived.',
    next: 'Choose the study again on the device that has it.',
  },
  'left-out': { title: 'A person left the image out.', next: 'You don’t have to do anything.' },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;

export const REASON_CODES = Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]];

/** Notes about an instance that is sent all the same. */
export const WARNINGS = {
  'file-meta-written': 'The file had no valid File Meta Information, so it was added.',
  'non-zero-preamble': 'The first 128 bytes of the file are not empty. You don’t have to do anything.',
  'trailing-padding': 'The file ends with Data Set Trailing Padding.',
  'odd-length': 'A value has an odd number of bytes. It is sent unchanged. You don’t have to do anything.',
  'transfer-syntax-unknown':
    'The transfer syntax of the file is private, or newer than this app. It is sent unchanged. Check that the PACS can show the picture.',
  'file-meta-twice':
    'The file contains File Meta Information twice. The first one counts. It is sent unchanged unless names are removed. Then the second one is deleted.',
  'sequence-unreadable':
    'A sequence without a type (VR UN) cannot be read. It is sent unchanged unless names are removed. Then the sequence is deleted.',
  'tag-order': 'Elements are not in ascending order.',
  'file-meta-length': 'The length of the File Meta Information is wrong.',
  'missing-delimiter': 'The pixel data is not closed by a delimiter.',
  'undecodable-text': 'Some text cannot be decoded with the character set stated in the file.',
  'unknown-character-set': 'The file uses an unknown character set.',
  'patient-missing': 'The file has no Patient Name and no Patient ID.',
  'invalid-date': 'Invalid date.',
  'invalid-number': 'Invalid number.',
  'invalid-value-count': 'An element has more values than DICOM allows.',
  'value-too-long': 'A value is longer than DICOM allows.',
  'many-elements': 'The file has an unusual number of elements or items.',
  'unknown-vr': 'An element has a type that is not defined in DICOM.',
  'wrong-vr': 'An element has a different type than DICOM requires.',
  'sop-class-unknown': 'This kind of object is not in the DICOM standard.',
  'pixel-data-length':
    'The amount of pixel data does not match the rows, columns and frames. It is sent unchanged. Check it in the PACS, and export it again if a part is missing.',
  'pixel-data-missing':
    'An image has no pixel data, so there is no picture. It is sent unchanged. Export it again if there should be a picture.',
  'pixel-data-not-decodable':
    'This app cannot read the format of an image’s compressed pixel data. It is sent unchanged. Check that the PACS can show it.',
  'icon-oversized': 'The icon image has an impossible size.',
  'identifier-mismatch':
    'The identifiers at the start of the file and inside it differ. Those inside are used.',
  'control-characters': 'Text contains control characters or characters that change the writing direction.',
  'name-form': 'A name does not have the format required by the DICOM standard.',
  'uid-form':
    'An identifier has more than 64 characters, a leading zero or letters, which the DICOM standard does not allow. It is sent unchanged. Check that the PACS files the study correctly.',
  'uid-padding': 'An identifier is padded with a space instead of a zero byte.',
} as const satisfies Record<string, string>;

export type WarningCode = keyof typeof WARNINGS;
