/** The words for opening a study in one of the site's viewers. */
export const viewerWords = {
  open: 'Open in viewer',
  /** Asked before a viewer is opened while names are hidden. */
  namesHidden: {
    title: 'Open the viewer although names are hidden?',
    what: 'The viewer shows the patient’s name and birth date if the study has them. “Hide names and titles” does not reach into it.',
    yes: 'Open anyway',
  },
  hidden: {
    asks: 'Names are hidden, and this picture may show one.',
    never: 'This picture may show a name, so your account is not shown it.',
    show: 'Show it',
  },
  asking: 'Asking the gateway…',
  /** Shown to an administrator, before the link to the page of destinations. */
  notSet: 'No viewer is set for this study’s PACS.',
  set: 'Set one under Destinations',
  none: 'No viewer is set for this study’s PACS. An administrator can set one, or turn on the built-in viewer, under Destinations.',
  notThere: 'The PACS has no images of this study that you may see.',
  failed: 'The gateway does not answer, so the viewer’s address is not known. Try again when it does.',
  tooOld: 'The viewer could not open: this page was loaded before the viewer was set up.',
  tooOldNext: 'Reload the page, then open the viewer again.',
  reload: 'Reload',
  reloading: 'Reloading…',
  notReloaded: 'The gateway does not answer, so the page was not reloaded. Try again when it does.',
  choose: 'Viewers of this study',
};
