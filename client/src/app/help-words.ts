/** The words of the help page: the track, common problems, and the keyboard shortcuts. */
import type { Place } from '../pipeline/queue/track-state.ts';

export const helpWords = {
  track: 'What the track means',
  example: 'An example: a study of 516 images on its way',
  trackWhat: 'Every study shows where its images are. The counts add up to the whole study.',
  places: {
    device:
      'Safe in this browser, encrypted. Sending continues automatically. The page says when you can remove the disc.',
    way: 'Being sent. Amber with an hourglass means waiting for the network. You don’t have to do anything.',
    gateway: 'The gateway has the images, checks them and stores them in the PACS.',
    pacs: 'The PACS has confirmed that it has the images. Only then is the copy on this device deleted.',
    'left-out':
      'Amber: not in the PACS, because a person left the image out or its file is damaged. Keep the disc if you need it.',
    'needs-you': 'Red: a person must decide. Open the study to see what happened and what you can do.',
  } satisfies Record<Place, string>,

  wrong: 'When something goes wrong',
  problems: [
    {
      title: 'It says “Offline” or “Gateway not reachable”',
      what: 'Nothing is lost. Studies wait on this device and are sent automatically once the connection is back.',
      next: 'Check the network of this device. No network at all? In Studies, select what waits and save it for a USB stick. Your IT staff can send it with “relay send FILE”.',
    },
    {
      title: 'It says “PACS not reachable”',
      what: 'The gateway works, but it cannot reach the PACS. Studies wait at the gateway or on this device and continue automatically. Nothing is lost.',
      next: 'You can keep sending as usual. If the message does not go away, tell your PACS administrator. Receipts are issued when the PACS responds again.',
    },
    {
      title: 'It says “needs your decision” or “to decide”',
      what: 'Some images need your decision: this device holds them back, sending was interrupted, or the gateway or the PACS did not accept them. All other images continue.',
      next: 'Tap it: the page gives the reason for each and shows what you can do.',
    },
    {
      title: 'It says “Wrong patient?”',
      what: 'You chose files of several patients. If the images of one study name different patients, nothing of that study is sent before you decide.',
      next: 'Check that all patients belong here. On such a study, press “Decide” to see whose images they are. Then send one study for each patient, or leave images out.',
    },
    {
      title: 'It says that files from the disc are missing',
      what: 'The disc’s index lists files that were not found. Without them, the study may be incomplete in the PACS.',
      next: 'Choose the whole disc, or copy it again, and send it again. Sending again will not create duplicates. Keep the disc until the message is gone.',
    },
    {
      title: 'You cannot find a study that you sent',
      what: 'When a study has arrived, its name and ID are erased from this device. Its initials stay until you sign out, the page locks or the shift ends.',
      next: 'Choose the same files again on Upload. The study shows whether it is in the PACS and when it was sent. Look for that time in Studies to find the receipt.',
    },
    {
      title: 'Images are held back',
      what: 'They may show the patient’s name in the picture. A person must check them before they are sent.',
      next: 'On the study, press “Look and cover” or “Look at the pictures”. Cover the name, or release the picture if it shows none.',
    },
    {
      title: 'A study was sent by mistake',
      what: 'While part of it is still on this device, you can cancel it in Studies. When all of it is at the gateway or in the PACS, it can no longer be cancelled here.',
      next: 'Ask your PACS administrator to remove it. Give them the study’s date and time, or the UID from the receipt.',
    },
    {
      title: 'A case is not in the list',
      what: 'The list shows cases that are not closed, newest first. Researchers see only cases of studies without names. Technicians see only cases of studies that they sent.',
      next: 'Set the status to “All”, or type the case number. If you may see names, search the PACS by the patient’s name or ID. To create a case, press “Create case” on a study.',
    },
    {
      title: 'Names are missing on every page',
      what: 'Someone chose “Hide names and titles” on this device. It applies to all pages and exports.',
      next: 'Press “Show names” at the edge of the page, or change the setting in the account menu.',
    },
    {
      title: 'Files cannot be sent',
      what: 'They are damaged, or are not images. Everything else can be sent.',
      next: 'Open the list below the studies to see the reason for each file. Exporting the files again often helps.',
    },
    {
      title: 'There is not enough space, or the browser deleted studies',
      what: 'When a device is full, the browser may delete waiting studies. The app then tells you which studies are gone.',
      next: 'Choose those studies again. Nothing is sent twice. Free some space, and install the app: see Settings.',
    },
  ],
  signIn: 'You cannot sign in',
  signInWhat:
    'You need a network connection to sign in. After too many attempts, wait as long as the page says. If you forgot your password, an administrator can set a new one.',

  keys: 'Keyboard shortcuts',
  keysWhat: 'Everything works without a mouse. These shortcuts also work on result pages:',
  general: [
    ['Tab', 'Next button or field'],
    ['Enter', 'Press the button'],
    ['Esc', 'Close a dialog'],
  ],
  stuck: 'Still stuck?',
  report: 'Create a report for your IT staff',
  back: 'Back to sign-in',
} as const;
