/** The words for zooming into the image of a result. */
export const zoomWords = {
  label: 'Picture. Plus and minus zoom, arrow keys move it, 0 fits it to the screen.',
  in: 'Zoom in',
  out: 'Zoom out',
  signs: { in: '+', out: '−' },
  fit: 'Fit',
} as const;
