/**
 * Problems about models, images, jobs, results, cases, receipts on paper, files on a stick and administration; DICOMweb
 * and reviews have files of their own. They are kept out of `problem-table.ts`, because no page needs their sentences
 * at its start.
 */
import { API_KEY_PROBLEMS } from './api-key-problems.ts';
import { DICOMWEB_PROBLEMS } from './dicomweb-problems.ts';
import { HTTP_PROBLEMS } from './http-problems.ts';
import { PROBLEMS, type ProblemKind } from './problem-table.ts';
import { REVIEW_PROBLEMS } from './review-problems.ts';

const INFERENCE_PROBLEMS = {
  'stick-damaged': {
    status: 422,
    retry: 'never',
    title: 'This saved study is damaged, or was changed.',
    next: 'Save it again on the device that has it.',
  },
  'stick-expired': {
    status: 409,
    retry: 'changed',
    title: 'This study was saved more than 30 days ago.',
    next: 'Check the clock of the device that has it, and save it again there.',
  },
  'stick-clock-ahead': {
    status: 409,
    retry: 'changed',
    title: 'The clock of the device that saved this study is ahead.',
    next: 'Set its clock, or connect the device once, and save the study again there.',
  },
  'stick-outdated': {
    status: 409,
    retry: 'changed',
    title: 'The device has prepared this study again since it was saved.',
    next: 'Save it again on the device that has it.',
  },
  'stick-sender-ended': {
    status: 409,
    retry: 'changed',
    title: 'The device that saved this study may no longer send.',
    next: 'Sign in on that device, and send the file again.',
  },
  'user-exists': { status: 409, retry: 'never', title: 'There is already a user with this name.' },
  'policy-exists': {
    status: 409,
    retry: 'never',
    title: 'There is already a policy with this name.',
    next: 'Choose another name, or make a new version of it.',
  },
  'policy-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody else has changed the policy in the meantime.',
    next: 'Look at the newest version and change that.',
  },
  'policy-built-in': {
    status: 409,
    retry: 'never',
    title: 'This policy is built in: it can be neither changed nor withdrawn.',
    next: 'Make a policy with another name.',
  },
  'policy-not-possible': {
    status: 422,
    retry: 'never',
    title: 'The policy asks for something that is not possible.',
    next: 'Leave it out of the policy.',
  },
  'destination-exists': {
    status: 409,
    retry: 'never',
    title: 'There is already a destination with this name.',
    next: 'Choose another name.',
  },
  'dimse-peer-exists': {
    status: 409,
    retry: 'never',
    title: 'There is already a DIMSE peer with this AE title.',
    next: 'Change that one, or give the modality another AE title.',
  },
  'destination-set-by-environment': {
    status: 409,
    retry: 'never',
    title: 'PACS_URL or npm start sets this destination at every start.',
    next: 'Set PACS_URL and restart, or make another destination primary.',
  },
  'destination-in-use': {
    status: 409,
    retry: 'changed',
    title: 'The destination is primary, or studies were sent to it.',
    next: 'Make another destination primary. One that has studies stays.',
  },
  'destination-in-rule': {
    status: 409,
    retry: 'changed',
    title: 'A rule names this destination.',
    next: 'Change or remove the rule first, also where it is switched off.',
  },
  'destination-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody else has changed the destination in the meantime.',
    next: 'Close the form and open it again, then repeat your change.',
  },
  'rules-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody else has changed the rules in the meantime.',
    next: 'Load the page again, then repeat your change.',
  },
  'destination-secret-missing': {
    status: 422,
    retry: 'changed',
    title: 'The password, token or key of the destination is missing.',
    next: 'Enter it again: it is not kept for another address, certificate authority or way to sign in.',
  },
  'vault-exists': {
    status: 409,
    retry: 'changed',
    title: 'There is already a vault.',
    next: 'Close it first. Identities in it can still be opened.',
  },
  'vault-step-not-possible': {
    status: 409,
    retry: 'never',
    title: 'The vault or the request is no longer in the state for this step.',
    next: 'Look at its state, and ask again if need be.',
  },
  'too-many-openings': {
    status: 429,
    retry: 'later',
    title: 'The limit of identities in 24 hours has been reached.',
    next: 'Ask again tomorrow.',
  },
  'last-admin': {
    status: 409,
    retry: 'changed',
    title: 'This is the last administrator.',
    next: 'Give another user the role admin first.',
  },
  'model-not-found': {
    status: 404,
    retry: 'never',
    title: 'There is no model with this name, or no such version of it.',
  },
  'study-not-found': {
    status: 404,
    retry: 'never',
    title: 'The PACS has no such study or instance.',
    next: 'Compare the number with the PACS; a new study may need a moment.',
  },
  'viewer-without-port': {
    status: 409,
    retry: 'changed',
    title: 'The built-in viewer has no port of its own.',
    next: 'Set RELAY_VIEWER_PORT, and start the gateway again.',
  },
  'no-explanation': { status: 404, retry: 'never', title: 'The result has no explanation of this kind.' },
  'sheet-too-large': {
    status: 413,
    retry: 'never',
    title:
      'The receipts of this study are too large for one PDF: download the receipt of each upload instead.',
  },
  'model-exists': {
    status: 409,
    retry: 'never',
    title: 'This version of the model is there already, with another file or another card.',
    next: 'Give it another version.',
  },
  'model-not-usable': {
    status: 409,
    retry: 'never',
    title: 'This version cannot be used for that: it failed, or is of another kind.',
    next: 'Look at the list of models.',
  },
  'model-not-active': {
    status: 409,
    retry: 'changed',
    title: 'This version was not activated last.',
    next: 'Look at the list of models.',
  },
  'case-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody else has changed the case in the meantime.',
    next: 'Look at the case as it is now, and change it again.',
  },
  'case-closed': {
    status: 409,
    retry: 'changed',
    title: 'The case is closed.',
    next: 'Open it again first.',
  },
  'case-full': {
    status: 409,
    retry: 'changed',
    title: 'The case has as many notes or attachments as a case may have.',
    next: 'Remove an attachment, or create another case.',
  },
  'case-not-closed': { status: 409, retry: 'changed', title: 'The case is not closed.' },
  'case-unreadable': {
    status: 410,
    retry: 'never',
    title: 'The key of this case is gone: what was written in it can no longer be read or continued.',
    next: 'Create a new case.',
  },
  'case-of-several-patients': {
    status: 422,
    retry: 'never',
    title: 'The PACS does not say that these studies are of one patient.',
    next: 'Create a case for each patient.',
  },
  'only-with-noise': {
    status: 403,
    retry: 'changed',
    title: 'Exact figures of this kind are not for your role.',
    next: 'Ask for them with noise (private=true).',
  },
  'privacy-budget-spent': {
    status: 409,
    retry: 'later',
    title: 'Your role has asked for as many private answers of this kind as there are in a month.',
    next: 'Ask again next month (UTC).',
  },
  'export-template-changed': {
    status: 409,
    retry: 'changed',
    title: 'There is such a template, or a newer version of it.',
    next: 'Look at the list of templates.',
  },
  'export-too-large': {
    status: 422,
    retry: 'changed',
    title: 'These are more cases than one export may have.',
    next: 'Choose fewer with the filters, for example a part of the year.',
  },
  'too-many-exports': {
    status: 409,
    retry: 'later',
    title: 'You have as many exports as an account may have at once.',
    next: 'Wait until some have expired, or erase their files.',
  },
  'export-not-ready': {
    status: 409,
    retry: 'later',
    title: 'The export is still being made.',
    next: 'Try again when it is ready.',
  },
  'export-gone': {
    status: 410,
    retry: 'never',
    title: 'The file of this export has expired, or was never made.',
    next: 'Make a new export.',
  },
  'nothing-before': {
    status: 409,
    retry: 'never',
    title: 'There is no earlier version to go back to.',
    next: 'Activate one.',
  },
  'job-ended': { status: 409, retry: 'never', title: 'The job has ended.' },
  'job-not-ended': {
    status: 409,
    retry: 'changed',
    title: 'The job has not ended, or its file is gone.',
    next: 'Send the file again.',
  },
  'result-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody has verified the result in the meantime.',
    next: 'Look at it again.',
  },
  'image-not-shown': {
    status: 409,
    retry: 'changed',
    title: 'A verdict needs its image, and this account was not shown it.',
    next: 'Open the result and wait for its image. An image that came as a file counts only for the account that sent it.',
  },
  'nothing-to-look-at': {
    status: 422,
    retry: 'never',
    title: 'It has no image that a model can examine.',
  },
  'model-changed': {
    status: 422,
    retry: 'never',
    title: 'The model’s file does not match its digest.',
    next: 'Add the model again from its source.',
  },
  'model-external-data': {
    status: 422,
    retry: 'never',
    title: 'The model keeps values in other files; that is not allowed.',
    next: 'Save it with all its values in one file.',
  },
  'model-unreadable': {
    status: 422,
    retry: 'never',
    title: 'The file is not an ONNX model, or needs unknown operators.',
    next: 'Export it for an opset that onnxruntime supports, without custom operators.',
  },
  'model-shape-mismatch': {
    status: 422,
    retry: 'never',
    title: 'The model’s inputs and outputs differ from its card: names, shapes or types.',
    next: 'Correct the card, or the model.',
  },
  'model-too-large': {
    status: 413,
    retry: 'never',
    title: 'The file of the model is larger than 64 MiB.',
    next: 'Use a smaller model.',
  },
  'too-many-inputs': { status: 413, retry: 'never', title: 'There are more inputs than the limit.' },
  'file-too-large': {
    status: 413,
    retry: 'changed',
    title: 'The image file is larger than 50 MiB.',
    next: 'Send a smaller one.',
  },
  'image-too-small': {
    status: 422,
    retry: 'changed',
    title: 'The image has fewer than 64 rows or columns.',
    next: 'Send the image in its original size.',
  },
  'image-too-large': {
    status: 422,
    retry: 'changed',
    title:
      'The image is too large: PNG and JPEG may have 2048 rows and columns, a frame of DICOM 134 megapixels.',
    next: 'Send a smaller one, or the DICOM instance.',
  },
  'image-damaged': {
    status: 422,
    retry: 'changed',
    title: 'The image is damaged and cannot be decoded completely.',
    next: 'Export it again.',
  },
  'image-type-unsupported': {
    status: 415,
    retry: 'changed',
    title: 'This kind of image is not supported.',
    next: 'Send DICOM, or PNG or JPEG in grey or RGB.',
  },
  'image-without-pixels': {
    status: 422,
    retry: 'never',
    title: 'The instance has no pixel data.',
  },
  'frame-not-found': {
    status: 422,
    retry: 'changed',
    title: 'The image has no frame with this number.',
    next: 'Ask for a frame that it has; the first is 0.',
  },
  'image-gone': {
    status: 410,
    retry: 'never',
    title: 'The picture is gone: it was sent as a file, and no PACS has it.',
  },
  'picture-may-hold-name': {
    status: 403,
    retry: 'never',
    title: 'This picture may show a name, so researchers do not get it.',
    next: 'Ask somebody who may see identities to cover the name and send the study again.',
  },
  // 499 as in nginx: the caller has gone, so the answer appears only in the log and the metrics.
  'called-off': { status: 499, retry: 'never', title: 'The caller did not wait for the answer.' },
  'model-crashed': { status: 502, retry: 'later', title: 'The model crashed its process.' },
  'model-out-of-memory': {
    status: 502,
    retry: 'later',
    title: 'The model used too much memory and was stopped.',
    next: 'An administrator can activate another version.',
  },
  'model-output-invalid': {
    status: 502,
    retry: 'later',
    title: 'The model gave no usable answer: it stopped, or its values are not finite or not probabilities.',
    next: 'An administrator can activate another version.',
  },
  'model-unavailable': {
    status: 503,
    retry: 'later',
    title: 'No version of the model can answer, and no fallback is set.',
    next: 'An administrator can activate a version, or set a fallback.',
  },
  'model-failed': {
    status: 503,
    retry: 'later',
    title: 'The model failed several times in a row and is switched off.',
    next: 'An administrator can activate it again, or another version.',
  },
  'model-timeout': {
    status: 504,
    retry: 'later',
    title: 'The model did not answer in time and was stopped.',
    next: 'Try again. If it happens twice, an administrator can activate another version.',
  },
  'inference-timeout': {
    status: 504,
    retry: 'later',
    title: 'The models did not answer in time.',
    next: 'Try again, or use a job.',
  },
} as const satisfies Record<string, ProblemKind>;

/** Every problem that the gateway can answer with. */
export const ALL_PROBLEMS = {
  ...PROBLEMS,
  ...HTTP_PROBLEMS,
  ...INFERENCE_PROBLEMS,
  ...REVIEW_PROBLEMS,
  ...DICOMWEB_PROBLEMS,
  ...API_KEY_PROBLEMS,
};
export type AnyProblemCode = keyof typeof ALL_PROBLEMS;
