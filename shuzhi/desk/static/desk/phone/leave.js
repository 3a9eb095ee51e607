// The sign-in page: whoever signs in next finds no page of the one before. What is unsent stays, bound to its member.

if ("caches" in window) caches.delete("phone-pages");
