// Before the first paint: the theme that was chosen on this machine, if one was.
(function () {
  'use strict';
  try {
    const theme = localStorage.getItem('evenkeel.theme');
    if (theme === 'light' || theme === 'dark') {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // Storage may be forbidden; then the system's theme is used.
  }
})();
