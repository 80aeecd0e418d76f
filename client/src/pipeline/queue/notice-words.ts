/** The texts of the notices above the list of studies; they are loaded with it. */
import { studies } from '../../kit/counted.ts';

export const noticeWords = {
  others: (count: number) =>
    `${studies(count)} from other people ${count === 1 ? 'is' : 'are'} on ${count === 1 ? 'its' : 'their'} way from this device`,
  othersWhat: 'Nothing is sent under your name. Sending continues automatically.',
  othersWaiting: (count: number) =>
    `${studies(count)} from other people ${count === 1 ? 'waits' : 'wait'} on this device`,
  othersWaitingWhat:
    'Nothing is lost. Sending resumes when its sender signs in here. If they cannot, an administrator can enable their account, set a new password, or sign in here and take the studies over.',
  takeOver: (count: number) => `Take over ${studies(count)}`,
  takeOverWhat:
    'Their right to be sent from this device has ended. As an administrator you can take them over: they are then sent under your account.',
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
  mayBeCleared:
    'Low storage could delete waiting studies. Keep some space free on this device. If it happens, this page says so.',
  mayBeClearedInstall: 'Low storage could delete waiting studies. Install the app to prevent this.',
  install: 'Install',
};
