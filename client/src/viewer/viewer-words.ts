/** The words for opening a study in one of the site's viewers. */
export const viewerWords = {
  open: 'Open in viewer',
  /** Asked before a viewer is opened while names are hidden. */
  namesHidden: {
    title: 'Open the viewer even though names are hidden?',
    what: 'The viewer shows the patient’s name and birth date if the study contains them. “Hide names and titles” does not apply to the viewer.',
    yes: 'Open anyway',
  },
  hidden: {
    asks: 'Names are hidden, but this picture may show one.',
    never: 'This picture may show a name, so you don’t have permission to see it.',
    show: 'Show picture',
  },
  asking: 'Opening the viewer…',
  /** Shown to an administrator, before the link to the page of destinations. */
  notSet: 'No viewer is set up for this study’s PACS.',
  set: 'Add a viewer under Destinations',
  none: 'No viewer is set up for this study’s PACS. An administrator can add one or turn on the built-in viewer under Destinations.',
  notThere: 'The PACS has no images of this study that you have permission to see.',
  failed: 'The gateway is not responding, so the viewer cannot be opened. Try again later.',
  tooOld: 'The viewer could not be opened, because this page was loaded before the viewer was set up.',
  tooOldNext: 'Reload the page, then open the viewer again.',
  reload: 'Reload',
  reloading: 'Reloading…',
  notReloaded: 'The gateway is not responding, so the page was not reloaded. Try again later.',
  choose: 'Viewers of this study',
};
