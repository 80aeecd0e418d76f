/** The words for giving up instances for a reason. */
export const giveUpWords = {
  why: 'Reason',
  yes: 'Give up',
  no: 'Keep them',
};
