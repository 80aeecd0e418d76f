/**
 * Every word of the app in one place, ready to be translated: a translation is another object of this shape. Sentences about why a file
 * or an instance was not stored are not here: they belong to the protocol (shared/src/protocol/problem.ts).
 *
 * "Sent" is not a word we use: there are four places. Nothing here is a value of the data but what the functions are given.
 */
import { formatCount, roundRemaining } from './format.ts';
import { DIAGNOSES } from '../pipeline/upload/diagnosis.ts';
import type { Trouble } from '../pipeline/queue/queued.ts';
import type { Place, WaitingFor } from './track-state.ts';
import type { UpdateState } from './updates.ts';

const rules = new Intl.PluralRules('en');
/** "1 study", "2 studies". */
function counted(count: number, one: string, other: string): string {
  return `${formatCount(count)} ${rules.select(count) === 'one' ? one : other}`;
}
const instances = (count: number) => counted(count, 'instance', 'instances');
const studies = (count: number) => counted(count, 'study', 'studies');
const files = (count: number) => counted(count, 'file', 'files');
const series = (count: number) => counted(count, 'series', 'series');

export const words = {
  product: 'RelayPACS',
  instances,
  studies,
  files,
  series,
  /** Between parts of one line. */
  separator: ' · ',
  cancel: 'Cancel',
  close: 'Close',
  done: 'Done',
  copy: 'Copy',
  copied: 'Copied',
  codeOf: (code: string) => `Copy the code ${code}`,
  working: 'Working…',
  skipToContent: 'Skip to the content',

  nav: { label: 'Pages', upload: 'Upload', queue: 'Queue', queueCount: (count: number) => `${studies(count)} in the queue` },

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
      'other-device': 'Waiting for another device that sends a part of this study. After a day without it the gateway goes on by itself.',
      'gateway-failed': 'Something goes wrong in the gateway. It tries again by itself and loses nothing; tell the administrator.',
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
    arrived: (total: number) => `All ${instances(total)} are in the PACS`,
    progress: (inPacs: number, total: number) => `${formatCount(inPacs)} of ${instances(total)} in the PACS`,
  },

  status: {
    label: 'Status of this device',
    link: {
      online: 'Online',
      offline: 'Offline',
      'gateway-unreachable': 'Gateway not reachable',
      'pacs-unreachable': 'PACS not reachable',
    },
    keepOpen: (unsafe: number) => `Keep this page open: ${instances(unsafe)} ${unsafe === 1 ? 'is' : 'are'} not safe yet`,
    notQueued: (chosen: number) => `${instances(chosen)} chosen, not safe yet: press Send`,
    mayClose: (safe: number) => `You can close this page: ${instances(safe)} ${safe === 1 ? 'is' : 'are'} safe here`,
    /** In a browser that goes on only while the page is open. */
    goesOnOpen: (safe: number) => `Keep this page open: ${instances(safe)} ${safe === 1 ? 'is' : 'are'} safe here and ${safe === 1 ? 'goes' : 'go'} on while it is`,
    discMayGo: 'The disc may be removed',
    empty: 'Nothing waits on this device',
    policy: (deidentify: boolean) => (deidentify ? 'Names are removed on this device' : 'Unchanged: names are kept'),
    policyUnknown: 'Policy not known yet',
  },

  signIn: {
    title: 'Sign in',
    username: 'User name',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    submitting: 'Signing in…',
    missing: 'Type your user name and your password.',
    travelling: (count: number) =>
      count === 1
        ? '1 instance is still on its way from this device. It travels on by itself; nobody has to sign in for it.'
        : `${instances(count)} are still on their way from this device. They travel on by themselves; nobody has to sign in for them.`,
    waiting: (count: number) =>
      count === 1
        ? '1 instance is safe on this device. It goes on when whoever sent it signs in.'
        : `${instances(count)} are safe on this device. They go on when whoever sent them signs in.`,
    offline: 'There is no network. You can sign in as soon as it is back; nothing on this device is lost.',
    unreachable: 'The gateway does not answer. Try again in a moment; nothing on this device is lost.',
    checking: 'Looking for your session…',
  },

  upload: {
    title: 'Upload',
    drop: 'Drop a study anywhere on this page',
    dropNow: 'Let go to read it',
    kinds: 'Files, a folder, a ZIP or a disc',
    chooseFiles: 'Choose files',
    chooseFolder: 'Choose a folder',
    addFiles: 'Files',
    addFolder: 'Folder',
    addLabel: 'Add to what was found',
    teach: [
      ['It is read here', 'The page reads the study on this device. Nothing leaves yet.'],
      ['You press Send', 'It is kept safe here and goes on by itself, even when the network does not.'],
      ['The PACS confirms', 'You get a signed receipt when every instance is there.'],
    ] as const,
    sample: 'Try it with a sample study',
    sampleWhat: 'Made here: nobody is in it. 25 instances',
    sampleFailed: 'The sample study could not be fetched. Try again when the network is back.',
    readingLabel: 'Files read',
    /** While folders are still being listed the total grows: it is not called a total then. */
    reading: (read: number, seen: number, listing: boolean) =>
      listing ? `${files(read)} read, still looking` : `${formatCount(read)} of ${files(seen)} read`,
    looking: (seen: number) => (seen === 0 ? 'Looking for files…' : `Looking for files: ${formatCount(seen)} so far`),
    stopReading: 'Stop reading',
    readAll: (count: number) => `${files(count)} read`,
    nothing: 'There is no DICOM instance in what you chose.',
    nothingNext: 'Choose the folder that the modality exported, or the whole disc.',
    found: (count: number) => `${studies(count)} found`,
    severalPatients: (count: number) =>
      `${count > 1 ? `${formatCount(count)} patients` : 'Several patients'} are in what you chose. Look whether all of them belong here.`,
    noPatient: 'No patient name',
    noDescription: 'No description',
    unnamedSeries: 'Series without a description',
    patientId: (id: string) => `ID ${id}`,
    born: (date: string) => `born ${date}`,
    include: (name: string) => `Send the study of ${name}`,
    notIncluded: 'Will not go',
    seriesList: (count: number) => `Show ${series(count)}`,
    warnings: (count: number) => counted(count, 'remark', 'remarks'),
    cannotGo: (count: number) => `${files(count)} cannot go`,
    cannotGoWhat: 'They stay where they are. Everything else can go.',
    fileList: (count: number) => `Show ${files(count)}`,
    policyTitle: 'What happens to names',
    policyChoice: { deidentify: 'Remove names on this device', keep: 'Keep everything unchanged' },
    policyWhat: {
      deidentify: 'Names, IDs and dates are removed or replaced before anything leaves.',
      keep: 'The PACS gets the study exactly as it is, with names.',
    },
    policyMissing: 'The gateway has not said yet which policy is in force. Sending is possible once it has.',
    mayNot: 'Your account may not send studies.',
    mayNotNext: (role: string) => `You are signed in as ${role}. Ask your administrator, or sign in with another account. Reading a study here works.`,
    send: (count: number) => `Send ${studies(count)}`,
    sendBar: 'Sending',
    sendNone: 'Choose a study to send',
    tooLarge: (needs: string, room: string) => `This needs ${needs} on this device, and ${room} are free. Choose fewer, or wait until what is in the queue has arrived.`,
    sendSize: (count: number, size: string) => `${instances(count)}, ${size}`,
    makingSafe: (count: number) => `${studies(count)} not safe yet`,
    clear: 'Clear',
    queued: (count: number) => `${instances(count)} went into the queue`,
    queuedInPart: 'Some files were refused on the way there. They stand below with their reasons.',
    toQueue: 'Open the queue',
    teachTitle: 'How a study travels',
    policyChange: 'Change',
    skipped: (count: number) => `${files(count)} not DICOM`,
    skippedWhat: 'They lay in the folder and are no part of a study.',
    sendProblem: {
      'no-room': {
        title: 'This device has not enough room for these studies.',
        next: 'Choose fewer, or wait until what is in the queue has arrived. Nothing was queued and your files stay as they are.',
      },
      'policy-unknown': {
        title: 'The gateway has not said yet which policy is in force.',
        next: 'Nothing was queued. Press Send again when the gateway can be reached.',
      },
      'seal-key-unknown': {
        title: 'This device has never reached the gateway, so it cannot lock away what waits here.',
        next: 'Nothing was queued. Press Send again once the gateway was reached; after that it works without a network too.',
      },
      'device-failed': {
        title: 'This device could not keep the studies safe.',
        next: 'Nothing has left and your files stay as they are. Load the page again and choose them once more.',
      },
    },
    warning: {
      'two-patients': 'Another study here is of another patient.',
      'patients-differ': 'The instances of this study name different patients.',
      duplicates: 'Some instances were chosen twice; each goes once.',
      'burned-in': 'The device says that text is burned into the pixels: look at it before sending.',
      'too-many-instances': 'The study has more instances than the gateway takes.',
    },
  },

  queue: {
    title: 'Queue',
    empty: 'Nothing is under way',
    emptyWhat: 'Studies stand here from the moment you press Send until the PACS has confirmed them.',
    others: (count: number) => `${studies(count)} of other people ${count === 1 ? 'is' : 'are'} on ${count === 1 ? 'its' : 'their'} way from this device`,
    othersWhat: 'Nothing goes under your name. They travel on by themselves.',
    othersWaiting: (count: number) => `${studies(count)} of other people ${count === 1 ? 'waits' : 'wait'} on this device`,
    othersWaitingWhat: 'Nothing is lost: whoever sent it goes on with it after signing in here.',
    toUpload: 'Choose a study',
    parts: { 'needs-you': 'Needs you', 'under-way': 'Under way', arrived: 'In the PACS', 'taken-back': 'Taken back' },
    loading: 'Reading the queue…',
    noDatabase: 'This browser does not let the page keep anything, so studies cannot be made safe here.',
    noDatabaseNext: 'Leave private mode, or free room on the device, and load the page again.',
    openOf: (name: string) => `Open the study: ${name}`,
    takeBack: 'Take back',
    takeBackOf: (name: string) => `Take back: ${name}`,
    makingSafe: (safe: number, total: number) => `Making it safe here: ${formatCount(safe)} of ${instances(total)}`,
    naming: (named: number, total: number) => `Reading: ${formatCount(named)} of ${instances(total)}`,
    stillReading: 'Being made safe on this device. Keep the page open.',
    mayBeCleared: 'This browser may delete what waits here when the device runs out of room. Installing the app helps; if it happens, this page says so.',
    pause: 'Pause', pauseOf: (name: string) => `Pause: ${name}`, resume: 'Go on', resumeOf: (name: string) => `Go on: ${name}`,
    paused: 'Paused: nothing of it is on its way until you let it go on.',
    sendFirst: 'First',
    sendFirstOf: (name: string) => `Send first: ${name}`,
    earlierOf: (name: string) => `Send earlier: ${name}`,
    laterOf: (name: string) => `Send later: ${name}`,
    turnOf: (name: string, place: number, total: number) => `Turn of ${name}: ${formatCount(place)} of ${formatCount(total)}`,
    /** What stands between and does harm. */
    diagnosis: DIAGNOSES,
    cancel: 'Cancel sending',
    cancelOf: (name: string) => `Cancel sending: ${name}`,
    cancelledWhat: 'This study was cancelled on its way. What was not in the PACS was left out, and its copy here was deleted.',
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
    interruptedNext: 'It is not safe here. Choose it again from where it lies: what has arrived already does not travel twice.',
    chooseAgain: 'Choose it again',
    takenBackWhat: 'This study was taken back. Nothing of it has left this device, and its copy here was deleted.',
    dismiss: 'Take off the list',
    dismissAll: (count: number) => `Take all ${formatCount(count)} off the list`,
    dismissOf: (name: string) => `Take off the list: ${name}`,
    decide: 'Decide',
    decideOf: (name: string) => `Decide about: ${name}`,
    retry: 'Try again',
    retryOf: (name: string) => `Try again: ${name}`,
    erasedName: (modalities: readonly string[]) => (modalities.length === 0 ? 'Study' : `${modalities.join('/')} study`),
    erasedWhat: 'Its name and description were erased from this device after the PACS confirmed it.',
    queuedWhen: (when: string) => `queued ${when}`,
    arrivedWhen: (when: string) => `in the PACS ${when}`,
    travelled: (deidentify: boolean) => (deidentify ? 'names removed' : 'unchanged, with names'),
  },

  takeBack: {
    title: 'Take this study back?',
    what: (count: number) =>
      `The study’s ${instances(count)} will not go, and their copy here is deleted. ` +
      'Your files, disc or folder stay as they are; nothing has left yet.',
    yes: 'Take it back',
    no: 'Let it go on',
    tooLate: 'The first bytes have left: this study can no longer be taken back.',
  },

  cancelStudy: {
    title: 'Cancel this study?',
    what: (inPacs: number) =>
      `What is not in the PACS yet will not come there${inPacs === 0 ? '' : `; ${instances(inPacs)} stay in the PACS`}, and the copy on this device is deleted. ` +
      'Your files, disc or folder stay as they are.',
    yes: 'Cancel sending',
    no: 'Let it go on',
    notReached: 'The gateway could not be reached, so nothing was cancelled. Pause it, or try again in a moment.',
  },

  lost: {
    title: (count: number) => `The browser has deleted ${studies(count)} that waited on this device`,
    next: 'It cleared its storage before they had arrived. Choose them again from where they lie: what has arrived already does not travel twice.',
    perhaps: (count: number) => `The gateway still waits for ${studies(count)} of yours that ${count === 1 ? 'is' : 'are'} not here`,
    perhapsNext: 'They wait on another device of yours, or this browser has cleared its storage. If so, choose them again from where they lie.',
  },

  forget: {
    title: 'Take this study off the list?',
    what: (count: number) =>
      `The gateway refused it. Its copy on this device (${instances(count)}) is deleted, and the gateway is told that the rest will not come. ` +
      'Your files, disc or folder stay as they are.',
    no: 'Keep it here',
  },

  study: {
    title: 'Study',
    missing: 'This study is not in your queue here.',
    missingWhat: 'It may have been queued by another user, on another device, or in another browser.',
    back: 'Queue',
    loading: 'Reading the study…',
    arrivedTitle: 'In the PACS',
    arrivedWhen: (count: number, when: string) => `${instances(count)}, confirmed ${when}`,
    provenFound: (count: number) => `${instances(count)} found in the PACS by asking it`,
    provenReadBack: (count: number) => `${instances(count)} read back from the PACS and compared byte for byte`,
    provenSigned: 'The receipt’s signature was checked on this device',
    alreadyThere: (count: number) => `${instances(count)} had been there before`,
    coerced: (count: number) => `${instances(count)} stored with changes that the PACS made`,
    sendAnother: 'Send another study',
    decide: {
      sentence: (count: number, total: number) =>
        `${formatCount(count)} of ${instances(total)} ${count === 1 ? 'is' : 'are'} not in the PACS.`,
      others: (count: number) => (count === 1 ? 'The other one is in the PACS.' : `The other ${formatCount(count)} are in the PACS.`),
      leaveOut: (count: number) => (count === 1 ? 'Leave it out' : `Leave ${formatCount(count)} out`),
      retry: (count: number) => (count === 1 ? 'Try it again' : `Try ${formatCount(count)} again`),
      confirmTitle: (count: number) => `Leave ${instances(count)} out?`,
      confirmWhat: (count: number) =>
        `${count === 1 ? 'It' : 'They'} will not be in the PACS and this device deletes its copy. ` +
        'Your files, disc or folder stay as they are. The receipt says that a person decided so.',
      confirmNo: 'Do not leave out',
      unknownReason: 'The gateway gives a reason that this page does not know.',
      unknownNext: 'Load the page again; if the reason stays, give the code to your administrator.',
      notReached: 'The gateway could not be reached, so nothing was decided. Try again in a moment.',
    },
    receipt: 'Receipt',
    receiptWhat: 'A signed statement of what the PACS holds. It can be checked without this gateway.',
    receiptLoading: 'Fetching the receipt…',
    receiptNotYet: 'The receipt comes when the PACS has confirmed every instance.',
    save: 'Save receipt',
    print: 'Print',
    instanceList: (count: number) => `Show ${instances(count)}`,
    instancesErased: 'The list was erased from this device. The receipt names every instance.',
    states: {
      safe: 'safe on this device',
      sent: 'at the gateway',
      promised: 'not arrived yet',
      received: 'at the gateway',
      posting: 'at the gateway',
      posted: 'at the gateway',
      stored: 'in the PACS',
      coerced: 'in the PACS, with changes',
      'already-stored': 'in the PACS before',
      refused: 'refused',
      quarantined: 'held until you decide',
      'left-out': 'left out',
    },
    details: {
      studyInstanceUID: 'Study Instance UID',
      revision: 'Revision',
      policy: 'Policy',
      pacs: 'PACS',
      issued: 'Issued',
      receiptId: 'Receipt',
      root: 'Root of the list (SHA-256)',
      instances: 'Instances',
      issuer: 'Gateway',
      sopInstanceUID: 'SOP Instance UID',
      state: 'Where it is',
    },
  },

  account: {
    nobody: 'Not signed in',
    open: (name: string) => `Account of ${name}`,
    theme: 'Appearance',
    themes: { system: 'As the device', light: 'Light', dark: 'Dark' },
    signOut: 'Sign out',
    signOutSafe: (count: number) =>
      count === 1
        ? '1 instance stays safe on this device and travels on by itself.'
        : `${instances(count)} stay safe on this device and travel on by themselves.`,
    signOutUnsafe: (count: number) =>
      `Not safe yet: ${instances(count)}. Signing out now takes back what is being made safe; the files themselves stay as they are.`,
    signOutEmpty: 'Nothing waits on this device.',
    version: (version: string) => `Version ${version}`,
    roles: { technician: 'Technician', radiologist: 'Radiologist', researcher: 'Researcher', auditor: 'Auditor', admin: 'Administrator' },
  },

  update: {
    use: 'Use it now',
    /** While files are read or made safe on this page. */
    waits: 'It waits until the reading is done.',
    states: {
      ready: { title: 'A new version is ready.', what: 'The page is loaded again; the queue stays as it is.' },
      'other-window': { title: 'A new version is ready.', what: 'Another window is reading or making a study safe: press again when it is done.' },
      'loads-again': { title: 'A new version has been taken.', what: 'This page is loaded again by itself when what you do here is done.' },
      'part-missing': {
        title: 'A part of this page could not be fetched.',
        what: 'There is a newer version, or no network. Load the page again; the queue stays as it is.',
      },
      taken: { title: 'This is the new version.', what: 'The queue is as it was.' },
    } satisfies Record<Exclude<UpdateState, 'none'>, { title: string; what: string }>,
  },

  problem: {
    title: 'Something went wrong on this page',
    what: 'Studies that are safe on this device are not touched by this.',
    next: 'Load the page again. If it happens twice, give the code to your administrator.',
    reload: 'Load the page again',
  },

  notFound: { title: 'There is no such page', next: 'Go to Upload' },
} as const;
