// The address while a post is open: opening one is a step of the browser's history, so that Back closes it and stays here.

let goingBack = false;
let wanted = null;

const ours = () => history.state?.post === true;
const stepTo = (address) => history.pushState({ post: true }, "", address);

// A post was opened, and `address` opens it anew.
export function enter(address) {
  // A step taken while the browser is on its way back would be lost.
  if (goingBack) wanted = address;
  else if (ours()) history.replaceState({ post: true }, "", address);
  else stepTo(address);
}

// The post was closed, by whatever means.
export function leave() {
  wanted = null;
  if (goingBack) return;
  if (ours()) {
    goingBack = true;
    history.back();
  } else if (location.hash) {
    history.replaceState(null, "", location.pathname);
  }
}

// Calls `arrived` when the reader goes back or forward, or changes what follows the # by hand.
export function whenMoved(arrived) {
  addEventListener("popstate", () => {
    goingBack = false;
    if (wanted !== null) stepTo(wanted);
    else arrived();
    wanted = null;
  });
}
