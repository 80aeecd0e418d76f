/** The words of saved views of the list of cases. */
export const viewWords = {
  label: 'Saved views',
  /** The tab of the list without filters. */
  usual: 'Not closed',
  /** Replaces a name that is hidden or can no longer be decrypted. */
  unnamed: (place: number) => `View ${place}`,
  save: 'Save this view',
  saveTitle: 'Save this view',
  what: 'A view saves the filters and the order. Only you can see it.',
  name: 'Name',
  missing: 'Enter a name for the view.',
  replaces: 'You already have a view with this name. It will be replaced.',
  submit: 'Save the view',
  submitting: 'Saving…',
  rename: 'Rename the view',
  renameTitle: 'Rename this view',
  submitRename: 'Rename',
  takesOver: 'You already have another view with this name. It will be deleted.',
  full: (limit: number) => `You have ${limit} views, which is the maximum. Delete one to save another.`,
  remove: 'Delete the view',
  removeAsk: {
    title: 'Delete this view?',
    what: 'The cases are not changed.',
    yes: 'Delete the view',
  },
};
