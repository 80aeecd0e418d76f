/**
 * Problems about models, images, jobs, results, cases, receipts on paper, files on a stick and administration; DICOMweb
 * and reviews have files of their own. They are kept out of `problem-table.ts`, because no page needs their sentences
 * at its start.
 */
import { DICOMWEB_PROBLEMS } from './dicomweb-problems.ts';
import { HTTP_PROBLEMS } from './http-problems.ts';
import { OPERATING_PROBLEMS } from './operating-problems.ts';
import { PROBLEMS, type ProblemKind } from './problem-table.ts';
import { REVIEW_PROBLEMS } from './review-problems.ts';

const INFERENCE_PROBLEMS = {
  'stick-damaged': {
    status: 422,
    retry: 'never',
    title: 'This saved study is damaged or was changed.',
    next: 'Save it again on the device that has the study.',
  },
  'stick-expired': {
    status: 409,
    retry: 'changed',
    title: 'This study was saved more than 30 days ago.',
    next: 'Check the clock of the device that has the study, and save it again there.',
  },
  'stick-clock-ahead': {
    status: 409,
    retry: 'changed',
    title: 'The clock of the device that saved this study is fast.',
    next: 'Correct its clock, or connect the device to the gateway once. Then save the study again there.',
  },
  'stick-outdated': {
    status: 409,
    retry: 'changed',
    title: 'The device has prepared this study again since the file was saved.',
    next: 'Save it again on the device that has it.',
  },
  'stick-sender-ended': {
    status: 409,
    retry: 'changed',
    title: 'The device that saved this study is no longer allowed to send.',
    next: 'Sign in on that device, then send the file again.',
  },
  'user-exists': { status: 409, retry: 'never', title: 'There is already a user with this name.' },
  'policy-exists': {
    status: 409,
    retry: 'never',
    title: 'There is already a policy with this name.',
    next: 'Choose another name, or create a new version of the policy.',
  },
  'policy-changed': {
    status: 409,
    retry: 'changed',
    title: 'Someone else has changed the policy in the meantime.',
    next: 'Open the newest version and make your change there.',
  },
  'policy-built-in': {
    status: 409,
    retry: 'never',
    title: 'This policy is built in. It cannot be changed or withdrawn.',
    next: 'Create a policy with another name.',
  },
  'policy-not-possible': {
    status: 422,
    retry: 'never',
    title: 'The policy contains a setting that is not possible.',
    next: 'Remove this setting from the policy.',
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
    title: 'There is already a modality with this AE title.',
    next: 'Edit that modality, or use another AE title.',
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
    next: 'Make another destination primary. A destination with studies cannot be deleted.',
  },
  'destination-in-rule': {
    status: 409,
    retry: 'changed',
    title: 'A rule uses this destination.',
    next: 'Edit or remove the rule first, even if it is turned off.',
  },
  'destination-changed': {
    status: 409,
    retry: 'changed',
    title: 'Someone else has changed the destination in the meantime.',
    next: 'Close the form and open it again, then repeat your change.',
  },
  'rules-changed': {
    status: 409,
    retry: 'changed',
    title: 'Someone else has changed the rules in the meantime.',
    next: 'Reload the page, then repeat your change.',
  },
  'destination-secret-missing': {
    status: 422,
    retry: 'changed',
    title: 'The password, token or key of the destination is missing.',
    next: 'Enter it again. It is not kept when the address, the certificate authority or the sign-in method changes.',
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
    title: 'This step is not possible in the current state of the vault or the request.',
    next: 'Check its state, and make a new request if necessary.',
  },
  'too-many-openings': {
    status: 429,
    retry: 'later',
    title: 'The limit of opened identities in 24 hours has been reached.',
    next: 'Try again tomorrow.',
  },
  'last-admin': {
    status: 409,
    retry: 'changed',
    title: 'This is the last administrator.',
    next: 'First give another user the role Administrator.',
  },
  'model-not-found': {
    status: 404,
    retry: 'never',
    title: 'This model or version was not found.',
  },
  'study-not-found': {
    status: 404,
    retry: 'never',
    title: 'The PACS does not have this study or instance.',
    next: 'Compare the UID with the PACS. A new study may take a moment to appear.',
  },
  'viewer-without-port': {
    status: 409,
    retry: 'changed',
    title: 'The built-in viewer has no port of its own.',
    next: 'Set RELAY_VIEWER_PORT and restart the gateway.',
  },
  'no-explanation': { status: 404, retry: 'never', title: 'The result has no explanation of this kind.' },
  'sheet-too-large': {
    status: 413,
    retry: 'never',
    title:
      'The receipts of this study are too large for one PDF. Download the receipt of each upload instead.',
  },
  'model-exists': {
    status: 409,
    retry: 'never',
    title: 'This version of the model already exists with a different file or model card.',
    next: 'Use another version number.',
  },
  'model-not-usable': {
    status: 409,
    retry: 'never',
    title: 'This version cannot be used for that, because it failed or is of another type.',
    next: 'Check the list of models.',
  },
  'model-not-active': {
    status: 409,
    retry: 'changed',
    title: 'This version is not the one that was activated last.',
    next: 'Check the list of models.',
  },
  'case-changed': {
    status: 409,
    retry: 'changed',
    title: 'Someone else has changed the case in the meantime.',
    next: 'Check the current case, then repeat your change.',
  },
  'case-closed': {
    status: 409,
    retry: 'changed',
    title: 'The case is closed.',
    next: 'Reopen it first.',
  },
  'case-full': {
    status: 409,
    retry: 'changed',
    title: 'The case has the maximum number of notes or attachments.',
    next: 'Remove an attachment, or create another case.',
  },
  'case-not-closed': { status: 409, retry: 'changed', title: 'The case is not closed.' },
  'case-unreadable': {
    status: 410,
    retry: 'never',
    title: 'The key of this case was deleted. The case can no longer be read or changed.',
    next: 'Create a new case.',
  },
  'case-of-several-patients': {
    status: 422,
    retry: 'never',
    title: 'The PACS does not confirm that these studies belong to one patient.',
    next: 'Create a case for each patient.',
  },
  'only-with-noise': {
    status: 403,
    retry: 'changed',
    title: 'Your role does not allow viewing exact figures of this kind.',
    next: 'Request approximate figures with noise (private=true).',
  },
  'privacy-budget-spent': {
    status: 409,
    retry: 'later',
    title: 'Your role has used all requests for approximate figures of this kind for this month.',
    next: 'Try again next month (UTC).',
  },
  'export-template-changed': {
    status: 409,
    retry: 'changed',
    title: 'This template already exists, or there is a newer version of it.',
    next: 'Check the list of templates.',
  },
  'export-too-large': {
    status: 422,
    retry: 'changed',
    title: 'These are too many cases for one export.',
    next: 'Use the filters to choose fewer, for example part of a year.',
  },
  'too-many-exports': {
    status: 409,
    retry: 'later',
    title: 'You have the maximum number of exports for one account.',
    next: 'Wait until some have expired, or erase their files.',
  },
  'export-not-ready': {
    status: 409,
    retry: 'later',
    title: 'The export is still being created.',
    next: 'Try again when it is ready.',
  },
  'export-gone': {
    status: 410,
    retry: 'never',
    title: 'The file of this export has expired or was never created.',
    next: 'Create a new export.',
  },
  'nothing-before': {
    status: 409,
    retry: 'never',
    title: 'There is no earlier version to go back to.',
    next: 'Activate a version.',
  },
  'job-ended': { status: 409, retry: 'never', title: 'The job has ended.' },
  'job-not-ended': {
    status: 409,
    retry: 'changed',
    title: 'The job has not ended, or its file no longer exists.',
    next: 'Send the file again.',
  },
  'result-changed': {
    status: 409,
    retry: 'changed',
    title: 'Someone has verified the result in the meantime.',
    next: 'Check it again.',
  },
  'image-not-shown': {
    status: 409,
    retry: 'changed',
    title: 'You can give a verdict only after you have seen the image.',
    next: 'Open the result and wait for its image. If the image was sent as a file, only the account that sent it can give a verdict.',
  },
  'nothing-to-look-at': {
    status: 422,
    retry: 'never',
    title: 'There is no image that a model can examine.',
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
    title: 'The model stores values in other files, which is not allowed.',
    next: 'Save the model with all values in one file.',
  },
  'model-unreadable': {
    status: 422,
    retry: 'never',
    title: 'The file is not an ONNX model, or it uses unknown operators.',
    next: 'Export it for an opset that onnxruntime supports, without custom operators.',
  },
  'model-shape-mismatch': {
    status: 422,
    retry: 'never',
    title: 'The names, shapes or types of the model’s inputs and outputs do not match its model card.',
    next: 'Correct the model card or the model.',
  },
  'model-too-large': {
    status: 413,
    retry: 'never',
    title: 'The file of the model is larger than 64 MiB.',
    next: 'Use a smaller model.',
  },
  'too-many-inputs': { status: 413, retry: 'never', title: 'There are too many inputs.' },
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
      'The image is too large. The limit is 2048 rows and columns for PNG and JPEG, and 134 megapixels per frame for DICOM.',
    next: 'Send a smaller image, or the DICOM instance.',
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
    next: 'Send DICOM, or a PNG or JPEG in grey or RGB.',
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
    next: 'Request an existing frame. The first is 0.',
  },
  'image-gone': {
    status: 410,
    retry: 'never',
    title: 'The picture is no longer available. It was sent as a file and is in no PACS.',
  },
  'picture-may-hold-name': {
    status: 403,
    retry: 'never',
    title: 'This picture may show a name, so researchers cannot see it.',
    next: 'Ask a person who may see identities to cover the name and send the study again.',
  },
  // 499 as in nginx: the caller has gone, so the answer appears only in the log and the metrics.
  'called-off': { status: 499, retry: 'never', title: 'The request was cancelled before it was answered.' },
  'model-crashed': { status: 502, retry: 'later', title: 'The model crashed.' },
  'model-out-of-memory': {
    status: 502,
    retry: 'later',
    title: 'The model used too much memory and was stopped.',
    next: 'An administrator can activate another version.',
  },
  'model-output-invalid': {
    status: 502,
    retry: 'later',
    title: 'The model gave no usable answer. It stopped, or its values are not valid probabilities.',
    next: 'An administrator can activate another version.',
  },
  'model-unavailable': {
    status: 503,
    retry: 'later',
    title: 'No version of the model is available, and no fallback is set.',
    next: 'An administrator can activate a version, or set a fallback.',
  },
  'model-failed': {
    status: 503,
    retry: 'later',
    title: 'The model failed several times in a row and was turned off.',
    next: 'An administrator can activate it again, or another version.',
  },
  'model-timeout': {
    status: 504,
    retry: 'later',
    title: 'The model did not respond in time and was stopped.',
    next: 'Try again. If it happens again, an administrator can activate another version.',
  },
  'inference-timeout': {
    status: 504,
    retry: 'later',
    title: 'The models did not respond in time.',
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
  ...OPERATING_PROBLEMS,
};
export type AnyProblemCode = keyof typeof ALL_PROBLEMS;
