/** The words for opening a study in one of the site's viewers. */
export const viewerWords = {
  open: 'Open in viewer',
  asking: 'Asking the gateway…',
  none: 'No viewer is set for this study’s PACS. An administrator can set one, or turn on the built-in one, under Destinations.',
  notThere: 'The PACS does not have this study yet, or you may not see its images.',
  failed: 'The gateway cannot be reached, so the viewer’s address is not known. Try again when it can.',
  tooOld: 'The viewer could not open: this page was loaded before the viewer was set up.',
  tooOldNext: 'Reload the page, then open the viewer again.',
  reload: 'Reload',
  reloading: 'Reloading…',
  notReloaded: 'The gateway cannot be reached, so the page was not reloaded. Try again when it can.',
  choose: 'Viewers of this study',
};
