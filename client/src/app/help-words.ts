/** The words of the help page: the track, common problems, and the keys. */
import type { Place } from '../pipeline/queue/track-state.ts';

export const helpWords = {
  track: 'What the track means',
  example: 'An example: a study of 516 images on its way',
  trackWhat: 'Every study shows where each of its images is. Together the counts are the whole study.',
  places: {
    device:
      'Safe in this browser, encrypted. Sending continues automatically. The page says when you can remove the disc.',
    way: 'Being sent. Amber with an hourglass: it waits for the network, and nobody has to do anything.',
    gateway: 'The gateway has checked it and is storing it in the PACS.',
    pacs: 'The PACS has confirmed that it holds it. Only then is the copy here deleted.',
    'left-out':
      'Amber: not in the PACS, because a person left it out or its file is damaged. Keep the disc if it is needed.',
    'needs-you': 'Red: a person must decide. Open the study; it says what happened and what you can do.',
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
      what: 'The gateway is reached, but not the PACS behind it. Studies wait at the gateway, or here, and continue automatically. Nothing is lost.',
      next: 'Tell the administrator of your PACS if it lasts. Keep sending as usual: the receipt follows once the PACS answers.',
    },
    {
      title: 'It says “to decide”',
      what: 'Some images wait until you decide: this device holds them back, sending was interrupted, or the gateway or the PACS did not take them. All others are still on their way.',
      next: 'Tap it: the page gives the reason for each, and offers what you can do.',
    },
    {
      title: 'It says “Wrong patient?”',
      what: 'You chose files of several patients. If the images of one study name different patients, nothing of that study is sent before you decide.',
      next: 'Check that all of them belong here. On such a study, press “Decide”: you see whose images they are, and send a study for each patient or leave some out.',
    },
    {
      title: 'It says that files listed on the disc are missing',
      what: 'The disc lists more files than were read. Without them the study may be incomplete in the PACS.',
      next: 'Choose the whole disc, or copy it again, and send it once more: nothing is stored twice. Keep the disc until the message is gone.',
    },
    {
      title: 'You cannot find a study that you sent',
      what: 'Names and IDs of studies that arrived are erased from this device. Their initials stay until you sign out, the page locks or the shift ends.',
      next: 'Choose the same files again on Upload: the study says if it is in the PACS, and when it was sent. In Studies, look for that time; the receipt is there.',
    },
    {
      title: 'Images are held back',
      what: 'They may show the patient’s name in the picture, so a person has to look at them before they are sent.',
      next: 'On the found study, press “See what is removed”, look at each picture, and cover the name or release it.',
    },
    {
      title: 'A study was sent by mistake',
      what: 'Cancel it in Studies while a part of it is still on this device. Once all of it is at the gateway or in the PACS, nobody can cancel it here.',
      next: 'Ask the administrator of your PACS to remove it there. Name the study’s date and time, or its UID on the receipt.',
    },
    {
      title: 'A case is not in the list',
      what: 'Cases lists the cases that are not closed, newest first. Researchers are shown only cases whose studies have no names, and technicians those of studies that they sent.',
      next: 'Set the status to “All”, or type the number of the case. Those who see names can type the patient’s name or ID: the PACS is asked. Press “Create case” on a study to make one.',
    },
    {
      title: 'Names are missing on every page',
      what: 'Someone has chosen “Hide names and titles” on this device. It holds on all pages and in exports.',
      next: 'Press “Show names” in the line at the edge of the page, or change it in the account menu.',
    },
    {
      title: 'Files cannot be sent',
      what: 'They are damaged, or are not images. Everything else can be sent.',
      next: 'Open the list below the studies: it gives the reason for each file. Most often, exporting them again helps.',
    },
    {
      title: 'There is not enough space, or the browser deleted studies',
      what: 'Browsers may clear what waits when the device is full. This app then says which studies are gone.',
      next: 'Choose those studies again; nothing is sent twice. Free some space, and install the app: Settings offers it or says how.',
    },
  ],
  signIn: 'You cannot sign in',
  signInWhat:
    'Signing in needs the network. After too many attempts, wait as long as the page says. If you do not know your password, your administrator sets a new one.',

  keys: 'Keys',
  keysWhat: 'Everything works without a mouse. On the pages of results these work as well:',
  general: [
    ['Tab', 'Next button or field'],
    ['Enter', 'Press the button'],
    ['Esc', 'Close a window that lies over the page'],
  ],
  stuck: 'Still stuck?',
  report: 'Make a report for your IT staff',
  back: 'Back to the sign-in',
} as const;
