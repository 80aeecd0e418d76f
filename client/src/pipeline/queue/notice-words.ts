/** The texts of the notices above the list of studies. They are loaded with the list. */
import { none } from '../../kit/none.ts';
import { studies } from '../../kit/counted.ts';

export const noticeWords = {
  /** For people who mainly read: the list shows only what they sent themselves. */
  ofReader: none('You have not sent a study'),
  ofReaderWhat:
    'This list shows the studies that you send yourself. Choose “Whole site” for the studies of others. To have a model look at a study, press Run AI.',
  others: (count: number) =>
    count === 1
      ? '1 study from another user is being sent'
      : `${studies(count)} from other users are being sent`,
  othersWhat: 'Nothing is sent under your name. Sending continues automatically.',
  othersWaiting: (count: number) =>
    count === 1
      ? '1 study from another user is waiting on this device'
      : `${studies(count)} from other users are waiting on this device`,
  othersWaitingWhat:
    'Nothing is lost. Sending resumes when their sender signs in here. Otherwise an administrator can enable their account, set a new password, or sign in here and take the studies over.',
  takeOver: (count: number) => `Take over ${studies(count)}`,
  takeOverWhat:
    'This device may no longer send them. As an administrator you can take them over: they are then sent under your account.',
  takeOverFailed: 'The gateway does not answer, so nothing was taken over. Try again in a moment.',
  takeOverSheet: {
    title: 'Take over these studies?',
    about: (count: number) => studies(count),
    what: 'They leave the queue of the person who sent them and are sent under your account. You will see the patients’ names. The audit trail records this.',
    yes: 'Take them over',
    no: 'Leave them',
  },
  foreign: (count: number) =>
    `${studies(count)} on this device ${count === 1 ? 'was' : 'were'} meant for another gateway`,
  foreignWhat:
    'The gateway at this address was set up again or replaced, and cannot open them. If the old one returns, sending resumes. Otherwise choose the same files again and delete these.',
  deleteForeign: (count: number) => `Delete ${studies(count)}`,
  foreignSheet: {
    title: 'Delete these studies from this device?',
    about: (count: number) => studies(count),
    what: 'The copies here are deleted and cannot be recovered. Your files, disc or folder stay as they are.',
    yes: 'Delete them',
    no: 'Keep them',
  },
  forWifi: (count: number) =>
    count === 1 ? '1 study is waiting for Wi-Fi' : `${studies(count)} are waiting for Wi-Fi`,
  forWifiWhat:
    'This device is set to send only over Wi-Fi, and is using mobile data. Nothing is lost. Sending resumes automatically.',
  sendAnyway: 'Send now anyway',
  mayBeCleared:
    'Keep your files or disc until the studies are in the PACS: a device that runs out of space could delete waiting studies. If it happens, this page says so, and you choose them again.',
  mayBeClearedInstall:
    'Keep your files or disc until the studies are in the PACS: a device that runs out of space could delete waiting studies. Install the app to prevent this.',
  install: 'Install',
};
