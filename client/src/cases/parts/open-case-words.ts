/** The words of the button on other pages, kept apart from those of the pages of cases. */
export const openCaseWords = { create: 'Create case' };
