/** The texts of the notices above the list of studies. They are loaded with the list. */
import { none } from '../../kit/none.ts';
import { studies } from '../../kit/counted.ts';

export const noticeWords = {
  /** For people who mainly read: the list shows only what they sent themselves. */
  ofReader: none('You have not sent any studies'),
  ofReaderWhat:
    'This list shows studies that you send yourself. To see other people’s studies, choose “Whole site”. To have a model examine a study, press Run AI.',
  others: (count: number) =>
    count === 1
      ? '1 study from another user is being sent'
      : `${studies(count)} from other users are being sent`,
  othersWhat: 'They are sent under their senders’ names, not yours. Sending continues automatically.',
  othersWaiting: (count: number) =>
    count === 1
      ? '1 study from another user is waiting on this device'
      : `${studies(count)} from other users are waiting on this device`,
  othersWaitingWhat:
    'Nothing is lost. Sending resumes when the sender signs in here. Otherwise, an administrator can enable the sender’s account, set a new password, or sign in here and take over the studies.',
  takeOver: (count: number) => `Take over ${studies(count)}`,
  takeOverWhat:
    'This device is no longer allowed to send them. As an administrator, you can take them over and send them under your account.',
  takeOverFailed: 'The gateway is not responding, so nothing was taken over. Try again in a moment.',
  takeOverSheet: {
    title: 'Take over these studies?',
    about: (count: number) => studies(count),
    what: 'They are moved from the sender’s queue to yours and sent under your account. You will see the patients’ names. The audit trail records this.',
    yes: 'Take them over',
    no: 'Leave them',
  },
  foreign: (count: number) =>
    `${studies(count)} on this device ${count === 1 ? 'was' : 'were'} meant for another gateway`,
  foreignWhat:
    'The gateway at this address was replaced or set up again, and cannot open them. If the old gateway returns, sending resumes. Otherwise, choose the same files again and delete these copies.',
  deleteForeign: (count: number) => `Delete ${studies(count)}`,
  foreignSheet: {
    title: 'Delete these studies from this device?',
    about: (count: number) => studies(count),
    what: 'The copies here are deleted and cannot be recovered. Your files, disc or folder are not changed.',
    yes: 'Delete them',
    no: 'Keep them',
  },
  forWifi: (count: number) =>
    count === 1 ? '1 study is waiting for Wi-Fi' : `${studies(count)} are waiting for Wi-Fi`,
  forWifiWhat:
    'This device is set to send only over Wi-Fi, and is using mobile data. Nothing is lost. Sending resumes automatically.',
  sendAnyway: 'Send now anyway',
  mayBeCleared:
    'Keep your files or disc until the studies are in the PACS. If this device runs out of space, the browser may delete waiting studies. If that happens, this page tells you to choose them again.',
  mayBeClearedInstall:
    'Keep your files or disc until the studies are in the PACS. If this device runs out of space, the browser may delete waiting studies. Install the app to prevent this.',
  install: 'Install',
};
