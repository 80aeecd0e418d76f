/**
 * The words of the queue, of the four places of an instance, and of a person's decisions about a queued study.
 * "Sent" is not used: there are four places.
 */
import { DIAGNOSES } from './proxy-diagnosis.ts';
import type { Trouble } from './queued-study.ts';
import { instances, studies } from '../../kit/counted.ts';
import { formatCount, roundRemaining } from '../../kit/format.ts';
import type { Place, WaitingFor } from './track-state.ts';

export const queueWords = {
  noPatient: 'No patient name',
  patientId: (id: string) => `ID ${id}`,
  born: (date: string) => `born ${date}`,

  empty: 'Nothing is under way',
  emptyWhat: 'Studies stand here from the moment you press Send until the PACS has confirmed them.',
  others: (count: number) =>
    `${studies(count)} of other people ${count === 1 ? 'is' : 'are'} on ${count === 1 ? 'its' : 'their'} way from this device`,
  othersWhat: 'Nothing goes under your name. They travel on by themselves.',
  othersWaiting: (count: number) =>
    `${studies(count)} of other people ${count === 1 ? 'waits' : 'wait'} on this device`,
  othersWaitingWhat: 'Nothing is lost: whoever sent it goes on with it after signing in here.',
  toUpload: 'Choose a study',
  parts: {
    'needs-you': 'Needs you',
    'under-way': 'Under way',
    arrived: 'In the PACS',
    'taken-back': 'Taken back',
  },
  loading: 'Reading the queue…',
  noDatabase: 'This browser does not let the page keep anything, so studies cannot be made safe here.',
  noDatabaseNext: 'Leave private mode, or free room on the device, and load the page again.',
  openOf: (name: string) => `Open the study: ${name}`,
  takeBack: 'Take back',
  takeBackOf: (name: string) => `Take back: ${name}`,
  makingSafe: (safe: number, total: number) =>
    `Making it safe here: ${formatCount(safe)} of ${instances(total)}`,
  naming: (named: number, total: number) => `Reading: ${formatCount(named)} of ${instances(total)}`,
  stillReading: 'Being made safe on this device. Keep the page open.',
  mayBeCleared:
    'This browser may delete what waits here when the device runs out of room. Installing the app helps; if it happens, this page says so.',
  pause: 'Pause',
  pauseOf: (name: string) => `Pause: ${name}`,
  resume: 'Go on',
  resumeOf: (name: string) => `Go on: ${name}`,
  paused: 'Paused: nothing of it is on its way until you let it go on.',
  sendFirst: 'First',
  sendFirstOf: (name: string) => `Send first: ${name}`,
  earlierOf: (name: string) => `Send earlier: ${name}`,
  laterOf: (name: string) => `Send later: ${name}`,
  turnOf: (name: string, place: number, total: number) =>
    `Turn of ${name}: ${formatCount(place)} of ${formatCount(total)}`,
  /** What stands between and does harm. */
  diagnosis: DIAGNOSES,
  cancel: 'Cancel sending',
  cancelOf: (name: string) => `Cancel sending: ${name}`,
  cancelledWhat:
    'This study was cancelled on its way. What was not in the PACS was left out, and its copy here was deleted.',
  failed: 'The gateway did not take this study.',
  failedMeans: 'It is safe on this device and nothing of it is in the PACS.',
  trouble: {
    'receipt-faulty': {
      title: 'The gateway’s receipt for this study does not hold.',
      means: 'Its signature or its list does not fit what was sent. Nothing is deleted on this device.',
      next: 'It is asked for again by itself. If it stays so, give the code to your administrator.',
    },
    'copy-unreadable': {
      title: 'A part of this study cannot be read on this device.',
      means: 'The rest of it goes on, and nothing is deleted here.',
      next: 'Choose the study again from where it lies: only what is missing travels.',
    },
    unexpected: {
      title: 'Something went wrong on this device with this study.',
      means: 'Nothing of it is deleted here.',
      next: 'It is tried again by itself. If it stays so, load the page again, then give the code to your administrator.',
    },
  } satisfies Record<Trouble, { title: string; means: string; next: string }>,
  interrupted: 'The page was closed while this study was made safe.',
  interruptedNext:
    'It is not safe here. Choose it again from where it lies: what has arrived already does not travel twice.',
  chooseAgain: 'Choose it again',
  takenBackWhat:
    'This study was taken back. Nothing of it has left this device, and its copy here was deleted.',
  dismiss: 'Take off the list',
  dismissAll: (count: number) => `Take all ${formatCount(count)} off the list`,
  dismissOf: (name: string) => `Take off the list: ${name}`,
  decide: 'Decide',
  decideOf: (name: string) => `Decide about: ${name}`,
  retry: 'Try again',
  retryOf: (name: string) => `Try again: ${name}`,
  erasedName: (modalities: readonly string[]) =>
    modalities.length === 0 ? 'Study' : `${modalities.join('/')} study`,
  erasedWhat: 'Its name and description were erased from this device after the PACS confirmed it.',
  queuedWhen: (when: string) => `queued ${when}`,
  arrivedWhen: (when: string) => `in the PACS ${when}`,
  travelled: (deidentify: boolean) => (deidentify ? 'names removed' : 'unchanged, with names'),

  places: {
    device: 'safe on this device',
    way: 'on its way',
    gateway: 'at the gateway',
    pacs: 'in the PACS',
  } satisfies Record<Place, string>,

  track: {
    label: (total: number) => `Where the ${instances(total)} are`,
    of: (total: number) => `of ${formatCount(total)}`,
    waiting: {
      offline: 'Waiting for the network. It goes on by itself.',
      'gateway-unreachable': 'Waiting for the gateway. It goes on by itself.',
      'signed-out': 'Waiting until you sign in. Nothing is lost.',
      'pacs-unreachable': 'Waiting for the PACS. The gateway goes on by itself.',
      'other-device':
        'Waiting for another device that sends a part of this study. After a day without it the gateway goes on by itself.',
      'gateway-failed':
        'Something goes wrong in the gateway. It tries again by itself and loses nothing; tell the administrator.',
      'storage-full': 'The gateway has no room left. It goes on by itself; tell the administrator.',
    } satisfies Record<WaitingFor, string>,
    stalled: 'Nothing moves at the moment: the link is slow or gone. It goes on by itself.',
    needsDecision: (count: number) =>
      count === 1 ? '1 instance needs your decision' : `${formatCount(count)} instances need your decision`,
    leftOut: (count: number) => `${instances(count)} left out`,
    timeLeft: (seconds: number) => {
      const left = roundRemaining(seconds);
      if (left.seconds > 0) return `about ${left.seconds} s left`;
      if (left.minutes < 60) return `about ${left.minutes} min left`;
      return `about ${formatCount(left.minutes / 60)} h ${left.minutes % 60 === 0 ? '' : `${left.minutes % 60} min `}left`;
    },
    arrived: (total: number) =>
      total === 1 ? '1 instance is in the PACS' : `All ${instances(total)} are in the PACS`,
    /** It has arrived; what is waited for is only the gateway's word of it. */
    receiptWaits: 'It is in the PACS. The receipt comes when the gateway can be reached again.',
    progress: (inPacs: number, total: number) => `${formatCount(inPacs)} of ${instances(total)} in the PACS`,
  },

  takeBackSheet: {
    title: 'Take this study back?',
    what: (count: number) =>
      `${instances(count)} will not go, and the copy here is deleted. ` +
      'Your files, disc or folder stay as they are; nothing has left yet.',
    yes: 'Take it back',
    no: 'Let it go on',
    tooLate: 'The first bytes have left: this study can no longer be taken back.',
  },

  cancelSheet: {
    title: 'Cancel this study?',
    what: (inPacs: number) =>
      `What is not in the PACS yet will not come there${inPacs === 0 ? '' : `; ${instances(inPacs)} stay in the PACS`}, and the copy on this device is deleted. ` +
      'Your files, disc or folder stay as they are.',
    yes: 'Cancel sending',
    no: 'Let it go on',
    notReached:
      'The gateway could not be reached, so nothing was cancelled. Pause it, or try again in a moment.',
  },

  lost: {
    title: (count: number) => `The browser has deleted ${studies(count)} that waited on this device`,
    next: 'It cleared its storage before they had arrived. Choose them again from where they lie: what has arrived already does not travel twice.',
    perhaps: (count: number) =>
      `The gateway still waits for ${studies(count)} of yours that ${count === 1 ? 'is' : 'are'} not here`,
    perhapsNext:
      'They wait on another device of yours, or this browser has cleared its storage. If so, choose them again from where they lie.',
  },

  forgetSheet: {
    title: 'Take this study off the list?',
    what: (count: number) =>
      `The gateway refused it. Its copy on this device (${instances(count)}) is deleted, and the gateway is told that the rest will not come. ` +
      'Your files, disc or folder stay as they are.',
    no: 'Keep it here',
  },
};
