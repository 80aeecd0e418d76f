/** The words of saved views of the list of cases. */
export const viewWords = {
  label: 'Saved views',
  /** Replaces a name that is hidden or can no longer be decrypted. */
  unnamed: (place: number) => `View ${place}`,
  save: 'Save this view',
  saveTitle: 'Save this view',
  what: 'It keeps the filters and the order. Only you see it.',
  name: 'Name',
  missing: 'Give the view a name.',
  replaces: 'You have a view of this name. It will list these cases instead.',
  submit: 'Save the view',
  submitting: 'Saving…',
  rename: 'Rename the view',
  renameTitle: 'Rename this view',
  submitRename: 'Rename it',
  takesOver: 'You have another view of this name. It will be deleted.',
  full: (limit: number) => `You have ${limit} views. Delete one to save another.`,
  remove: 'Delete the view',
  removeAsk: {
    title: 'Delete this view?',
    what: 'Its cases stay as they are.',
    yes: 'Delete the view',
  },
};
