;;; What emacs.test.ts has Emacs do with its file; answers go to $MARGO_RESULT as JSON. -*- lexical-binding: t -*-

(require 'json)
(require 'flymake)
(require 'eglot)

(defvar findings nil)

(defun found (key value) (push (cons key value) findings))

(defun wait-for (test)
  "The first value of TEST that is not nil; nil after half a minute."
  (let ((until (+ (float-time) 30)) value)
    (while (and (not (setq value (funcall test))) (< (float-time) until))
      (accept-process-output nil 0.02))
    value))

(defun wait-for-diagnostics (wanted)
  "Until there are some, or none if WANTED is nil. Eglot tells of edits and Flymake starts when the user pauses, which batch
mode knows nothing of."
  (wait-for (lambda ()
              (eglot--signal-textDocument/didChange)
              (flymake-start)
              (accept-process-output nil 0.05)
              (eq (not wanted) (not (flymake-diagnostics))))))

(defun told ()
  "The line and the words of each diagnostic."
  (vconcat
   (mapcar (lambda (one)
             (format "%d %s" (line-number-at-pos (flymake-diagnostic-beg one)) (flymake-diagnostic-text one)))
           (flymake-diagnostics))))

(defun go-behind (text)
  (goto-char (point-min))
  (search-forward text))

(defun run ()
  ;; Answers are shown only where the buffer has a window.
  (switch-to-buffer (current-buffer))
  ;; Eglot connects when the first command of the user has ended, which batch mode has none of.
  (run-hooks 'post-command-hook)
  (wait-for #'eglot-managed-p)
  (found 'mode (symbol-name major-mode))
  (wait-for-diagnostics t)
  (found 'diagnostics (told))

  (go-behind "twice(twi")
  (found 'hover (let (said)
                  (eglot-hover-eldoc-function (lambda (text &rest _) (setq said (or text ""))))
                  (wait-for (lambda () said))
                  (substring-no-properties said)))
  (found 'definition (save-excursion (xref-find-definitions "twice") (line-number-at-pos)))
  (found 'references
         (vconcat (mapcar (lambda (one) (xref-location-line (xref-item-location one)))
                          (xref-backend-references 'eglot "LSP identifier at point"))))

  (eglot-format-buffer)
  (found 'formatted (buffer-string))
  (go-behind "twice(twi")
  (eglot-rename "double")
  (found 'renamed (buffer-string))

  (go-behind "double(double(y")
  (delete-char -1)
  (insert "x")
  (goto-char (point-max))
  (insert "fn eight(x: f32[N]) = dou")
  (found 'completion
         (seq-let (start end table) (eglot-completion-at-point)
           (vconcat (all-completions (buffer-substring start end) table))))
  (insert "ble(x)\n")
  (found 'outline (vconcat (mapcar #'car (imenu--make-index-alist t))))

  (go-behind "dense(2)")
  (insert " |> relu()")
  (wait-for-diagnostics t)
  (eglot-code-actions (- (point) 4) (- (point) 4) "quickfix" t)
  (found 'fixed (buffer-string))
  (wait-for-diagnostics nil)
  (found 'afterwards (told)))

(condition-case problem
    (run)
  (error (found 'error (format "%S" problem))))
(with-temp-file (getenv "MARGO_RESULT") (insert (json-encode findings)))
(set-buffer-modified-p nil)
(kill-emacs 0)
